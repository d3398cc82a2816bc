"""What a line of code may touch: the table of ARCHITECTURE.md ("Rooms") as data, against every #include.

Every folder with sources is a room with a row; a row that matches no file is a mistake too.
"""

import re

import tree

# Outside headers by family. Everything else in <> is the C++ library or the C library's pure part.
LIBRARIES = {
    "json": r"nlohmann/",
    "yaml": r"yaml-cpp/",
    "log": r"spdlog/|fmt/",
    "flags": r"CLI/",
    "bpf": r"bpf/(bpf|libbpf|btf)\.h",
    "bpf-kernel": r"bpf/bpf_(helpers|endian|core_read|tracing)\.h",
    "mnl": r"libmnl/",
    "kernel": r"linux/|asm/|net/|netinet/|arpa/|sys/|unistd\.h|fcntl\.h|sched\.h|poll\.h|signal\.h|dirent\.h|netdb\.h",
    "beast": r"boost/",
    "tls": r"openssl/",
    "rest": r"cpprest/|pplx/",
    "prometheus": r"prometheus/",
    "test": r"gtest/|gmock/|benchmark/",
}

# room: (includes by path prefix, library families, library families for single files).
# A folder may always include itself.
ROOMS = {
    "contract": ((), (), {"codec.cc": ("json",), "json_value.h": ("json",), "ip.cc": ("kernel",)}),
    # What each of the two daemons has: its log, its signals, its port for scrapers, its mailbox. The CLI writes its lines
    # by it, the push server listens by it.
    "process": (("contract/result.h", "contract/names.h"), ("log", "kernel"), {"endpoint.cc": ("beast",), "listen.h": ("beast",), "listen.cc": ("beast",)}),
    "operator/api": (("contract/",), (), {}),
    "operator/decode": (("operator/api/", "contract/"), (), {"yaml.cc": ("yaml",), "json.cc": ("json",)}),
    "operator/store": (("operator/api/", "contract/names.h"), (), {}),
    "operator/compile": (("operator/api/", "operator/store/snapshot.h", "contract/"), (), {}),
    "operator/status": (("operator/api/", "operator/compile/verdicts.h", "operator/compile/compile.h",
                         "operator/kube/", "contract/"), (),
                        {"render.cc": ("json",), "difference.cc": ("json",), "writer.cc": ("json",)}),
    "operator/kube": (("operator/api/", "operator/decode/", "contract/"), (),
                      {"transport_cpprest.cc": ("rest", "tls", "beast", "kernel"), "http_tls.cc": ("tls",),
                       "http_socket.h": ("beast",), "http_socket.cc": ("kernel",),
                       "client.cc": ("json",), "lease_candidate.cc": ("json",),
                       "recorder_ledger.cc": ("json",), "token_review.cc": ("json",)}),
    "operator/push": (("contract/", "process/listen.h"), ("beast", "tls", "kernel"), {}),
    "operator/metrics": (("contract/",), ("prometheus",), {}),
    "operator/app": (("contract/", "process/", "operator/"), ("kernel",),
                     {"options.cc": ("flags",), "stored.cc": ("json",)}),
    "node-agent/link": (("contract/",), (), {"link.cc": ("beast", "tls"), "state_file.cc": ("tls", "kernel")}),
    "node-agent/metrics": (("contract/", "node-agent/bpf/abi.h", "node-agent/stats/"), (), {"text.cc": ("prometheus",)}),
    "node-agent/daemon": (("contract/", "node-agent/app/", "node-agent/bpf/abi.h", "node-agent/dataplane/dataplane.h",
                           "node-agent/link/", "node-agent/metrics/", "node-agent/plan/", "node-agent/pods/",
                           "node-agent/routes/", "node-agent/stats/", "process/"), (),
                          {"options.cc": ("flags",), "daemon.cc": ("kernel",), "inbox.cc": ("kernel",)}),
    "node-agent/pods": (("contract/", "node-agent/netlink/"), ("mnl", "kernel"), {}),
    "node-agent/netlink": (("contract/",), ("mnl", "kernel"), {}),
    "node-agent/routes": (("contract/", "node-agent/netlink/"), ("mnl", "kernel"), {}),
    "node-agent/plan": (("contract/", "node-agent/bpf/abi.h", "node-agent/pods/pods.h", "node-agent/routes/routes.h"),
                        (), {}),
    "node-agent/bpf": ((), ("bpf-kernel", "kernel"), {}),
    "node-agent/dataplane": (("contract/", "node-agent/bpf/abi.h", "node-agent/plan/op.h", "node-agent/plan/state.h",
                              "node-agent/netlink/", "mirror_bpf.skel.h"), ("bpf", "mnl", "kernel"), {}),
    "node-agent/stats": (("contract/", "node-agent/bpf/abi.h"), (), {}),
    "node-agent/app": (("contract/", "node-agent/plan/", "node-agent/pods/", "node-agent/routes/",
                        "node-agent/dataplane/dataplane.h", "node-agent/stats/", "node-agent/bpf/abi.h"), (), {}),
    "cli": (("contract/", "operator/api/", "operator/decode/", "operator/store/", "operator/compile/",
             "operator/status/", "node-agent/app/", "node-agent/plan/", "node-agent/pods/", "node-agent/routes/",
             "node-agent/dataplane/dataplane.h", "node-agent/stats/", "node-agent/bpf/abi.h", "process/log.h",
             "process/line.h"),
            ("json", "flags", "log", "kernel"), {}),
}

# Rooms whose output is a function of their input.
PURE = ("contract", "operator/api", "operator/decode", "operator/store", "operator/compile", "operator/status",
        "node-agent/plan", "node-agent/stats")
# What is not: a file that asks for the time on a thread of its own.
BUT = ("operator/status/writer.cc",)
IMPURE = re.compile(r"_clock::now\(|\btime\(nullptr\)|\brand\(|random_device|std::(cout|cerr|getenv|ifstream|ofstream)|"
                    r"\bgetenv\(|\bthread_local\b|std::(mutex|thread)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def allowed(include, quoted, room, name):
    prefixes, libraries, by_file = ROOMS[room]
    libraries = libraries + by_file.get(name.rsplit("/", 1)[-1], ())
    if quoted:
        return include.startswith(room + "/") or any(include.startswith(p) for p in prefixes)
    return all(family in libraries for family, pattern in LIBRARIES.items() if re.match(pattern, include))


def problems(root):
    found, matched = [], {room: 0 for room in ROOMS}
    for name in tree.files(root, tree.CXX):
        if name.startswith("tests/"):
            continue
        room = next((r for r in ROOMS if name.startswith(r + "/")), None)
        if room is None:
            found.append(f"{name}: its folder is no room; add a row to tests/check/layering.py and ARCHITECTURE.md")
            continue
        matched[room] += 1
        text = tree.read(root, name)
        for mark, include in INCLUDE.findall(text):
            if not allowed(include, mark == '"', room, name):
                found.append(f"{name}: {room} must not include {include}")
        if room in PURE and name not in BUT:
            for word in IMPURE.finditer(text):
                found.append(f"{name}: {room} is pure, yet uses {word.group(0)}")
    found += [f"{room}: a row in tests/check/layering.py that matches no file" for room, n in matched.items() if n == 0]
    return found


if __name__ == "__main__":
    tree.main(problems)
