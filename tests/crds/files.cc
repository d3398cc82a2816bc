#include "tests/crds/files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace podmirror::crds {

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) ADD_FAILURE() << "cannot read " << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> YamlFiles(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().filename());
  }
  std::ranges::sort(files);
  return files;
}

decode::Node ReadDocument(const std::string& path) {
  const Result<std::vector<decode::Node>> documents = decode::ReadYaml(ReadFile(path));
  if (!documents || documents->size() != 1) {
    ADD_FAILURE() << path << ": " << (documents ? "not one document" : Describe(documents.error()));
    return {};
  }
  return documents->front();
}

}  // namespace podmirror::crds
