// kubeconfig files (client-go, tools/clientcmd/api/v1/types.go) as they are merged and resolved. Internal to config.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/decode/node.h"
#include "operator/kube/config.h"

namespace podmirror::kube {

struct Kubeconfig {
  struct Entry {
    std::string name;
    decode::Node body;
    std::string directory;  // that relative paths start from
    std::string file;       // for messages; may be empty
  };
  std::string current_context;
  std::vector<Entry> clusters;
  std::vector<Entry> users;
  std::vector<Entry> contexts;
};

Result<Kubeconfig> ReadKubeconfig(std::string_view text, const std::string& directory, const std::string& file);

// What `first` has stays; what only `second` has is added.
void Merge(Kubeconfig& first, Kubeconfig second);

// `context`: empty for current-context.
Result<ClusterConfig> Resolve(const Kubeconfig& kubeconfig, const std::string& context);

}  // namespace podmirror::kube
