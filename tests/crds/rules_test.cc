// The rules in CEL and the decoder's checks: where one judges, the other does, and regular expressions agree with it.
#include <gtest/gtest.h>
#include <regex.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "contract/ip.h"
#include "operator/decode/checks.h"
#include "tests/crds/crd.h"

namespace podmirror::crds {
namespace {

using decode::Check;
using decode::Field;
using decode::Node;
using decode::Schema;

using Visit = std::function<void(const Schema&, const Node&, const std::string&)>;

void Walk(const Schema& schema, const Node& crd, const std::string& path, const Visit& visit) {
  visit(schema, crd, path);
  for (const Field& field : schema.fields) {
    Walk(field.schema, At(At(crd, "properties"), field.name), path + "." + std::string(field.name), visit);
  }
  if (schema.type == Schema::Type::kList) Walk(schema.items.front(), At(crd, "items"), path + "[]", visit);
  if (schema.type == Schema::Type::kStringMap) {
    Walk(schema.items.front(), At(crd, "additionalProperties"), path + ".*", visit);
  }
}

void WalkAll(const Visit& visit) {
  for (const Crd& crd : ReadCrds()) Walk(*crd.schema, crd.Property("spec"), crd.kind, visit);
}

// A POSIX extended regular expression; the ones in the CRDs mean the same in CEL.
class Expression {
 public:
  explicit Expression(const std::string& text) : compiled_(new regex_t, Free) {
    EXPECT_EQ(regcomp(compiled_.get(), text.c_str(), REG_EXTENDED | REG_NOSUB), 0) << text;
  }
  bool Finds(const std::string& text) const { return regexec(compiled_.get(), text.c_str(), 0, nullptr, 0) == 0; }

 private:
  static void Free(regex_t* compiled) {
    regfree(compiled);
    delete compiled;
  }
  std::unique_ptr<regex_t, void (*)(regex_t*)> compiled_;
};

// The expressions that `self` must match, or must not.
std::vector<Expression> Expressions(const Node& crd, bool negated) {
  const std::string prefix = negated ? "!self.matches('" : "self.matches('";
  std::vector<Expression> expressions;
  for (const Node& validation : At(crd, "x-kubernetes-validations").items) {
    const std::string& rule = At(validation, "rule").text;
    if (!rule.starts_with(prefix) || !rule.ends_with("')")) continue;
    expressions.emplace_back(rule.substr(prefix.size(), rule.size() - prefix.size() - 2));
  }
  return expressions;
}

bool DecoderAccepts(const Schema& schema, const std::string& text) {
  Node node;
  node.kind = Node::Kind::kString;
  node.text = text;
  return decode::Validate(schema, node, "x").empty();
}

bool IsOneOf(Check check, std::initializer_list<Check> checks) {
  return std::find(checks.begin(), checks.end(), check) != checks.end();
}

TEST(Rules, StandWhereTheDecoderChecks) {
  int rules = 0;
  WalkAll([&](const Schema& schema, const Node& crd, const std::string& path) {
    const bool has_rule = crd.Find("x-kubernetes-validations") != nullptr;
    // The protocol is judged one level up, a time by its format, labels only here.
    const bool elsewhere = schema.check == nullptr ||
                           IsOneOf(schema.check, {decode::CheckProtocol, decode::CheckInstant, decode::CheckLabels,
                                                  decode::CheckLabelKey, decode::CheckLabelValue});
    EXPECT_EQ(has_rule, !elsewhere) << path;
    rules += has_rule;
  });
  EXPECT_GE(rules, 15);
}

TEST(Rules, EachHasAMessage) {
  WalkAll([](const Schema&, const Node& crd, const std::string& path) {
    for (const Node& validation : At(crd, "x-kubernetes-validations").items) {
      EXPECT_GE(At(validation, "message").text.size(), 20u) << path;
      // isCIDR, isIP, format and cidr are unknown to Kubernetes 1.27, which then refuses the whole CRD.
      for (const char* unknown : {"isCIDR", "isIP", "format(", "cidr(", "ip("}) {
        EXPECT_EQ(At(validation, "rule").text.find(unknown), std::string::npos) << path;
      }
    }
  });
}

const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {"a",
                                                 "web",
                                                 "a-b",
                                                 "1",
                                                 "a.b",
                                                 "a.b-c.1",
                                                 "",
                                                 "-a",
                                                 "a-",
                                                 "A",
                                                 "a_b",
                                                 "a b",
                                                 "a..b",
                                                 ".a",
                                                 "a.",
                                                 "a/b",
                                                 "é",
                                                 "a\n",
                                                 "a.-b",
                                                 "a-.b",
                                                 std::string(63, 'a'),
                                                 std::string(64, 'a'),
                                                 std::string(253, 'a'),
                                                 std::string(254, 'a')};
  return names;
}

TEST(Rules, NamesAgree) {
  int compared = 0;
  WalkAll([&](const Schema& schema, const Node& crd, const std::string& path) {
    if (!IsOneOf(schema.check, {decode::CheckDnsLabel, decode::CheckDnsSubdomain})) return;
    const std::vector<Expression> expressions = Expressions(crd, false);
    ASSERT_EQ(expressions.size(), 1u) << path;
    for (const std::string& name : Names()) {
      const bool matches = name.size() <= schema.max_length && expressions.front().Finds(name);
      EXPECT_EQ(matches, DecoderAccepts(schema, name)) << path << " " << name;
      ++compared;
    }
  });
  EXPECT_EQ(compared, 4 * static_cast<int>(Names().size()));
}

const std::vector<std::string>& Addresses() {
  static const std::vector<std::string> addresses = {"0.0.0.0",
                                                     "10.0.0.1",
                                                     "192.0.2.255",
                                                     "255.255.255.255",
                                                     "127.0.0.1",
                                                     "169.254.1.1",
                                                     "224.0.0.1",
                                                     "239.1.1.1",
                                                     "240.0.0.1",
                                                     "10.0.0.256",
                                                     "010.0.0.1",
                                                     "10.0.0",
                                                     "1.2.3.4.5",
                                                     "",
                                                     "x",
                                                     "10.0.0.1 ",
                                                     "::",
                                                     "::1",
                                                     "::2",
                                                     "1::",
                                                     "2001:db8::1",
                                                     "2001:DB8::A",
                                                     "2001:db8:1:2:3:4:5:6",
                                                     "2001:db8:1:2:3:4:5:6:7",
                                                     "2001:db8:1:2:3:4:5",
                                                     "1:2:3:4:5:6:7::",
                                                     "::2:3:4:5:6:7:8",
                                                     "1::8",
                                                     "1:2::7:8",
                                                     "1::3:4:5:6:7:8",
                                                     "::1::",
                                                     "2001::db8::1",
                                                     ":",
                                                     ":::",
                                                     "12345::",
                                                     "g::",
                                                     "fe80::1",
                                                     "febf::1",
                                                     "fec0::1",
                                                     "ff02::1",
                                                     "fd00:ec2::254",
                                                     "fe80::1%eth0",
                                                     "::10.0.0.1",
                                                     "::ffff:10.0.0.1",
                                                     "64:ff9b::1.2.3.4",
                                                     "2001:0db8:0000:0000:0000:0000:0000:0001"};
  return addresses;
}

TEST(Rules, AddressesAgree) {
  int compared = 0;
  WalkAll([&](const Schema& schema, const Node& crd, const std::string& path) {
    if (schema.check != static_cast<Check>(decode::CheckAddress)) return;
    const std::vector<Expression> allowed = Expressions(crd, false);
    const std::vector<Expression> special = Expressions(crd, true);
    ASSERT_EQ(allowed.size(), 1u) << path;
    ASSERT_EQ(special.size(), 1u) << path;
    for (const std::string& text : Addresses()) {
      const bool matches = allowed.front().Finds(text);
      EXPECT_EQ(matches, DecoderAccepts(schema, text)) << text;
      if (!matches) continue;
      // These the decoder leaves to the compiler, with the cluster's own addresses.
      const IpAddress address = IpAddress::Parse(text).value();
      EXPECT_EQ(special.front().Finds(text), address.is_loopback() || address.is_link_local() ||
                                                 address.is_multicast() || address.is_unspecified() ||
                                                 text == "240.0.0.1")
          << text;
      ++compared;
    }
  });
  EXPECT_GE(compared, 20);
}

TEST(Rules, RangesAgreeButForHostBitsAndMappedAddresses) {
  int compared = 0;
  WalkAll([&](const Schema& schema, const Node& crd, const std::string& path) {
    if (schema.check != static_cast<Check>(decode::CheckCidr)) return;
    const std::vector<Expression> allowed = Expressions(crd, false);
    ASSERT_EQ(allowed.size(), 1u) << path;
    for (const std::string& address : Addresses()) {
      for (const char* length : {"", "/", "/0", "/8", "/08", "/32", "/33", "/64", "/128", "/129", "/-1", "/a", "/ 8"}) {
        const std::string text = address + length;
        const bool matches = text.size() <= schema.max_length && allowed.front().Finds(text);
        const Result<Cidr> cidr = Cidr::Parse(text);
        const bool finer = !cidr && cidr.error().what.find("bits set behind its prefix") != std::string::npos;
        EXPECT_EQ(matches, DecoderAccepts(schema, text) || finer) << text;
        ++compared;
      }
    }
  });
  EXPECT_GT(compared, 2000);
}

}  // namespace
}  // namespace podmirror::crds
