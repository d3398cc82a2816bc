#include "cli/folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "contract/limits.h"
#include "tests/support/folder.h"

namespace podmirror::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    dir_ = root_ / "dir";
    fs::create_directory(dir_);
    folder_ = std::move(*Folder::Open(dir_));
  }

  void Write(const std::string& name, const std::string& text) { std::ofstream(dir_ / name) << text; }

  FolderContent Read() {
    const Result<FolderContent> content = folder_->Read();
    EXPECT_TRUE(content.has_value()) << Describe(content.error());
    return content.value_or(FolderContent{});
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& [name, content] : Read()) names.push_back(name);
    return names;
  }

  std::string ErrorOf(const std::string& name) {
    const FolderContent content = Read();
    const auto* error = std::get_if<Error>(&content.at(name));
    return error == nullptr ? "no error" : Describe(*error);
  }

  // Waits for an event, then says whether it matters.
  bool Happened() {
    pollfd fd{folder_->fd(), POLLIN, 0};
    return poll(&fd, 1, 5000) == 1 && folder_->Drain();
  }

  podmirror::testing::Folder root_;
  fs::path dir_;
  std::unique_ptr<Folder> folder_;
};

TEST(IsOurs, MeansYamlFilesAsAShellDoes) {
  for (const char* name : {"a.yaml", "a.yml", "a.b.yaml"}) EXPECT_TRUE(IsOurs(name)) << name;
  for (const char* name : {".yaml", ".a.yaml", ".#a.yaml", "a.yaml~", "#a.yaml#", "a.yaml.swp", ".a.yaml.swp", "4913",
                           "a.json", "yaml", "..data"}) {
    EXPECT_FALSE(IsOurs(name)) << name;
  }
}

TEST_F(FolderTest, ReadsYamlDirectlyInIt) {
  Write("b.yml", "b");
  Write("a.yaml", "a");
  Write("c.txt", "c");
  fs::create_directory(dir_ / "sub");
  Write("sub/d.yaml", "d");
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "a"}, {"b.yml", "b"}}));
}

TEST_F(FolderTest, SymbolicLinkToAFileIsRead) {
  std::ofstream(root_ / "elsewhere") << "x";
  fs::create_symlink(root_ / "elsewhere", dir_ / "a.yaml");
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "x"}}));
}

TEST_F(FolderTest, WhatIsNoReadableFileSaysWhy) {
  fs::create_directory(dir_ / "folder.yaml");
  fs::create_symlink("loop.yaml", dir_ / "loop.yaml");
  fs::create_symlink("nothing", dir_ / "dangling.yaml");
  ASSERT_EQ(mkfifo((dir_ / "fifo.yaml").c_str(), 0600), 0);
  EXPECT_THAT(ErrorOf("folder.yaml"), HasSubstr("is a folder"));
  EXPECT_THAT(ErrorOf("loop.yaml"), HasSubstr("loop of symbolic links"));
  EXPECT_THAT(ErrorOf("dangling.yaml"), HasSubstr("symbolic link to nothing"));
  EXPECT_THAT(ErrorOf("fifo.yaml"), HasSubstr("is not a file"));
}

TEST_F(FolderTest, ExactlyOneMebibyteIsReadAndOneByteMoreIsNot) {
  Write("fits.yaml", std::string(kMaxDocumentBytes, '#'));
  Write("large.yaml", std::string(kMaxDocumentBytes + 1, '#'));
  EXPECT_EQ(std::get<std::string>(Read().at("fits.yaml")).size(), kMaxDocumentBytes);
  EXPECT_THAT(ErrorOf("large.yaml"), HasSubstr("larger than 1 MiB"));
}

TEST_F(FolderTest, WrittenRenamedAndRemovedFilesAreNoticed) {
  Read();
  Write("a.yaml", "a");
  EXPECT_TRUE(Happened());
  EXPECT_THAT(Names(), ElementsAre("a.yaml"));

  Write(".a.yaml.tmp", "b");
  fs::rename(dir_ / ".a.yaml.tmp", dir_ / "a.yaml");
  EXPECT_TRUE(Happened());
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "b"}}));

  fs::remove(dir_ / "a.yaml");
  EXPECT_TRUE(Happened());
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FolderTest, FilesOfOthersDoNotMatter) {
  Read();
  Write("notes.txt", "x");
  Write(".a.yaml.swp", "x");
  EXPECT_FALSE(Happened());
}

TEST_F(FolderTest, SwappedHiddenLinkOfAConfigMapIsNoticed) {
  fs::create_directory(dir_ / "..1");
  fs::create_directory(dir_ / "..2");
  Write("..1/a.yaml", "one");
  Write("..2/a.yaml", "two");
  fs::create_symlink("..1", dir_ / "..data");
  fs::create_symlink("..data/a.yaml", dir_ / "a.yaml");
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "one"}}));
  fs::create_symlink("..2", dir_ / "..data_tmp");
  fs::rename(dir_ / "..data_tmp", dir_ / "..data");
  EXPECT_TRUE(Happened());
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "two"}}));
}

TEST_F(FolderTest, FileThatIsBeingWrittenIsUnsettledUntilItIsClosed) {
  Write("a.yaml", "whole");
  Read();
  const int fd = open((dir_ / "a.yaml").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  ASSERT_EQ(write(fd, "hal", 3), 3);
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", Unsettled{}}}));
  ASSERT_EQ(write(fd, "f", 1), 1);
  close(fd);
  EXPECT_EQ(Read(), (FolderContent{{"a.yaml", "half"}}));
}

TEST_F(FolderTest, FileThatWasJustTruncatedIsUnsettled) {
  Write("new.yaml", "");
  EXPECT_EQ(Read(), (FolderContent{{"new.yaml", Unsettled{}}}));
}

TEST_F(FolderTest, FileThatHasBeenEmptyForAWhileIsEmpty) {
  Write("old.yaml", "");
  fs::last_write_time(dir_ / "old.yaml", fs::file_time_type::clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(Read(), (FolderContent{{"old.yaml", ""}}));
}

// What a shell's `>` does, again and again: an empty or half a file must never be taken for what somebody wrote.
TEST_F(FolderTest, FileThatIsRewrittenAllTheTimeIsReadWholeOrNotAtAll) {
  const std::string one(100'000, '1');
  const std::string two(50'000, '2');
  Write("a.yaml", one);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      for (const std::string& text : {two, one}) {
        const int fd = open((dir_ / "a.yaml").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
        for (std::size_t at = 0; at < text.size(); at += 10'000) {
          if (write(fd, text.data() + at, 10'000) != 10'000) stop = true;
        }
        close(fd);
      }
    }
  });
  int whole = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (whole < 50 && std::chrono::steady_clock::now() < end) {
    const FolderContent content = Read();
    const auto* text = std::get_if<std::string>(&content.at("a.yaml"));
    if (text == nullptr) continue;
    ++whole;
    EXPECT_TRUE(*text == one || *text == two) << text->size() << " bytes";
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
  EXPECT_GT(whole, 0);
}

TEST_F(FolderTest, VanishedFolderIsAnErrorUntilItIsBack) {
  Write("a.yaml", "a");
  Read();
  fs::rename(dir_, root_ / "moved");
  EXPECT_TRUE(Happened());
  const Result<FolderContent> gone = folder_->Read();
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().where, dir_.string());
  EXPECT_THAT(gone.error().fix, HasSubstr("stays in force"));

  fs::create_directory(dir_);
  Write("b.yaml", "b");
  EXPECT_EQ(Read(), (FolderContent{{"b.yaml", "b"}}));
  // The one of that name is followed now, and the one that was moved is not.
  Write("c.yaml", "c");
  EXPECT_TRUE(Happened());
  EXPECT_THAT(Names(), ElementsAre("b.yaml", "c.yaml"));
}

}  // namespace
}  // namespace podmirror::cli
