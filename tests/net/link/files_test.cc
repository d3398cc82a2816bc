// What the link reads and keeps on disk.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "contract/codec.h"
#include "node-agent/link/credentials.h"
#include "node-agent/link/state_file.h"
#include "tests/net/link/agent_end.h"

namespace podmirror::link {
namespace {

using testing::Folder;
using testing::Numbered;

TEST(StateFile, GivesBackWhatWasSaved) {
  const Folder folder;
  const std::string path = folder.Path("made/on/the/way/state.json");
  ASSERT_TRUE(SaveState(path, Numbered(1)).has_value());
  ASSERT_TRUE(SaveState(path, Numbered(2)).has_value());
  const auto loaded = LoadState(path);
  ASSERT_TRUE(loaded.has_value()) << Describe(loaded.error());
  EXPECT_EQ(loaded->value(), Numbered(2));
  struct stat info{};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(StateFile, IsAbsentWhereNothingWasSavedOrAllWasRemoved) {
  const Folder folder;
  const std::string path = folder.Path("state.json");
  EXPECT_EQ(LoadState(path).value(), std::nullopt);
  ASSERT_TRUE(SaveState(path, Numbered(1)).has_value());
  folder.Write("state.json.new", "of a crash");
  ASSERT_TRUE(RemoveState(path).has_value());
  EXPECT_EQ(LoadState(path).value(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_TRUE(RemoveState(path).has_value());
  EXPECT_TRUE(RemoveState(folder.Path("no/such/folder/state.json")).has_value());
}

TEST(StateFile, GoesOnAfterACrashBetweenWritingAndRenaming) {
  const Folder folder;
  const std::string path = folder.Path("state.json");
  ASSERT_TRUE(SaveState(path, Numbered(1)).has_value());
  folder.Write("state.json.new", "half a st");
  EXPECT_EQ(LoadState(path).value(), Numbered(1));
  ASSERT_TRUE(SaveState(path, Numbered(2)).has_value());
  EXPECT_EQ(LoadState(path).value(), Numbered(2));
}

TEST(StateFile, RefusesEveryChangedByte) {
  const Folder folder;
  const std::string path = folder.Path("state.json");
  ASSERT_TRUE(SaveState(path, Numbered(1)).has_value());
  const std::string good = folder.Read("state.json");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    folder.Write("state.json", bad);
    ASSERT_FALSE(LoadState(path).has_value()) << "byte " << i;
    folder.Write("state.json", good.substr(0, i));
    ASSERT_FALSE(LoadState(path).has_value()) << "cut to " << i;
  }
  folder.Write("state.json", good);
  EXPECT_TRUE(LoadState(path).has_value());
}

TEST(StateFile, IsNotBelievedWhereOthersMayWriteIt) {
  const Folder folder;
  const std::string path = folder.Path("state.json");
  ASSERT_TRUE(SaveState(path, Numbered(1)).has_value());
  ASSERT_EQ(chmod(path.c_str(), 0620), 0);
  EXPECT_NE(Describe(LoadState(path).error()).find("can be written by others"), std::string::npos);
}

TEST(StateFile, FollowsNoLinkAndReadsNoFolder) {
  const Folder folder;
  ASSERT_TRUE(SaveState(folder.Path("real"), Numbered(1)).has_value());
  std::filesystem::create_symlink(folder.Path("real"), folder.Path("link"));
  std::filesystem::create_directory(folder.Path("folder"));
  EXPECT_FALSE(LoadState(folder.Path("link")).has_value());
  EXPECT_FALSE(LoadState(folder.Path("folder")).has_value());
  EXPECT_FALSE(SaveState(folder.Path("folder"), Numbered(1)).has_value());
}

TEST(Address, IsAnAddressOrANameAndAPort) {
  EXPECT_EQ(ParseAddress("10.96.12.7:9443").value(), (Address{"10.96.12.7", "9443"}));
  EXPECT_EQ(ParseAddress("[fd00::7]:9443").value(), (Address{"fd00::7", "9443"}));
  EXPECT_EQ(ParseAddress("operator.example:1").value(), (Address{"operator.example", "1"}));
  for (const char* wrong : {"", "10.0.0.1", ":9443", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "fd00::7:9443",
                            "[]:1", "a b:1", "https://a:1", "a@b:1", "a:+1", "a:1 "}) {
    const auto refused = ParseAddress(wrong);
    ASSERT_FALSE(refused.has_value()) << wrong;
    EXPECT_NE(refused.error().fix.find("10.96.12.7:9443"), std::string::npos);
  }
}

TEST(Token, IsOneLineWithoutItsEnd) {
  const Folder folder;
  EXPECT_EQ(ReadToken(folder.Write("token", "abc.def-_\r\n")).value(), "abc.def-_");
  for (const std::string& wrong : {std::string(), std::string("\n"), std::string("a\nb"), std::string("a b"),
                                   std::string("a\0b", 3), std::string(7'000, 'x')}) {
    EXPECT_FALSE(ReadToken(folder.Write("token", wrong)).has_value()) << wrong.substr(0, 10);
  }
  EXPECT_FALSE(ReadToken(folder.Path("none")).has_value());
}

}  // namespace
}  // namespace podmirror::link
