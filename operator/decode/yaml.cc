#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "operator/decode/builder.h"
#include "operator/decode/node.h"
#include "operator/decode/scalar.h"
#include "operator/decode/text.h"

// yaml-cpp is lenient: it takes duplicate keys, an unterminated quote at the end of the file, and what follows a
// finished document without "---" as a further document. Everything here exists to say so instead.
namespace podmirror::decode {
namespace {

// Carries an Error through yaml-cpp, which has no other way to stop.
struct Stop {
  Error error;
};

// "---" alone or before white space.
bool IsDocumentStart(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
}

// The quoted scalar that begins `text` has its closing quote.
bool IsClosed(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

class Events : public YAML::EventHandler {
 public:
  Events(const Text& text, std::vector<Node>& documents) : text_(text), documents_(documents) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!first_ && !IsDocumentStart(text_.Line(static_cast<std::size_t>(mark.line)))) {
      Refuse(mark, "this does not belong to the document above it", "indent it, or begin a new document with ---");
    }
    first_ = false;
  }

  void OnDocumentEnd() override {
    Node document = builder_.Take();
    if (document.kind != Node::Kind::kNull) documents_.push_back(std::move(document));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    if (builder_.WantsKey()) Refuse(mark, "an empty key", "write a key before the ':'");
    Node node;
    node.position = At(mark);
    Check(builder_.Scalar(std::move(node)));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { RefuseAnchor(mark, 1); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    const bool plain = tag == "?";
    if (!plain) CheckQuoted(mark, tag);
    if (plain && IsAmbiguous(value)) {
      Refuse(mark, value + " means different things to different YAML readers",
             "quote it: \"" + value + "\", or write the number or true, false in another way");
    }
    Node node = plain ? ResolvePlain(value) : Node{};
    if (!plain) {
      node.kind = Node::Kind::kString;
      node.text = value;
    }
    node.position = At(mark);
    if (builder_.WantsKey()) {
      AddKey(mark, plain, node);
    } else {
      Check(builder_.Scalar(std::move(node)));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Check(builder_.Close()); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Check(builder_.Close()); }

 private:
  Position At(const YAML::Mark& mark) const { return text_.At(mark.line, mark.column); }

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string what, std::string fix) const {
    throw Stop{{std::move(what), ToString(At(mark)), std::move(fix)}};
  }

  static void Check(Result<void> result) {
    if (!result) throw Stop{std::move(result.error())};
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0) Refuse(mark, "anchors (&) and aliases (*) are not read", "write the value out");
  }

  void RefuseTag(const YAML::Mark& mark) const { Refuse(mark, "tags (!) are not read", "remove it"); }

  void CheckQuoted(const YAML::Mark& mark, const std::string& tag) const {
    const std::string_view rest = text_.bytes().substr(static_cast<std::size_t>(mark.pos));
    if (tag != "!" || rest.empty() || rest.front() == '!') RefuseTag(mark);
    if ((rest.front() == '"' || rest.front() == '\'') && !IsClosed(rest)) {
      Refuse(mark, "this quote is never closed", "close it");
    }
  }

  void AddKey(const YAML::Mark& mark, bool plain, const Node& node) {
    if (plain && node.text == "<<") Refuse(mark, "merge keys (<<) are not read", "write the fields out");
    if (node.kind != Node::Kind::kString) {
      Refuse(mark, "the key " + node.text + " is not a string", "quote it: \"" + node.text + "\"");
    }
    Check(builder_.Key(node.text, node.position));
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    if (tag != "?") RefuseTag(mark);
    if (builder_.WantsKey()) Refuse(mark, "a list or a map stands where a key is wanted", "write a string as the key");
    Check(builder_.Open(kind, At(mark)));
  }

  const Text& text_;
  std::vector<Node>& documents_;
  NodeBuilder builder_;
  bool first_ = true;
};

bool HasTabIndent(std::string_view line) {
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

Error SyntaxError(const Text& text, const YAML::Exception& exception) {
  const YAML::Mark& mark = exception.mark;
  const std::string where = ToString(text.At(mark.line, mark.column));
  if (mark.line >= 0 && HasTabIndent(text.Line(static_cast<std::size_t>(mark.line)))) {
    return {"a tab in the indentation", where, "indent with spaces"};
  }
  std::string fix = "check the line and the indentation around it";
  if (exception.msg == "illegal map value") fix = "quote a value that holds ': ', and write one key a line";
  if (exception.msg.find("flow not found") != std::string::npos) fix = "close the bracket, or quote what stands in it";
  return {"not valid YAML: " + exception.msg, where, std::move(fix)};
}

// Directives could change what follows, and yaml-cpp drops the unknown ones.
Result<void> RefuseDirectives(const Text& text) {
  const std::string_view bytes = text.bytes();
  for (std::size_t at = 0; at < bytes.size() && at != std::string_view::npos;) {
    if (bytes[at] == '%') {
      const int line =
          static_cast<int>(std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
      return Fail("directives (%) are not read", ToString(text.At(line, 0)), "remove the line");
    }
    const std::size_t end = bytes.find('\n', at);
    at = end == std::string_view::npos ? end : end + 1;
  }
  return {};
}

}  // namespace

Result<std::vector<Node>> ReadYaml(std::string_view bytes) {
  const Result<Text> text = Text::Check(bytes);
  if (!text) return std::unexpected(text.error());
  if (const Result<void> none = RefuseDirectives(*text); !none) return std::unexpected(none.error());
  std::vector<Node> documents;
  try {
    std::istringstream stream{std::string(text->bytes())};
    YAML::Parser parser(stream);
    Events events(*text, documents);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const Stop& stop) {
    return std::unexpected(stop.error);
  } catch (const YAML::Exception& exception) {
    return std::unexpected(SyntaxError(*text, exception));
  } catch (const std::exception& exception) {
    return Fail(std::string("not valid YAML: ") + exception.what());
  }
  return documents;
}

}  // namespace podmirror::decode
