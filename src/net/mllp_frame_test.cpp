#include "net/mllp_frame.h"

#include <doctest/doctest.h>

#include <vector>

using namespace sinew::net;

namespace {

struct Outcome {
  std::vector<std::string> frames;
  bool broken = false;
  MllpFaults faults;
};

/// Feeds the stream in pieces of `piece` bytes, then ends it.
Outcome run(std::string_view stream, std::size_t piece, std::size_t frame_bytes_max = 100) {
  MllpFramer framer(frame_bytes_max);
  Outcome outcome;
  while (!stream.empty() && !outcome.broken) {
    auto part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    while (!part.empty() && !outcome.broken) {
      auto const event = framer.feed(part);
      if (event == MllpFramer::Event::frame) outcome.frames.push_back(framer.take_payload());
      outcome.broken = event == MllpFramer::Event::broken;
    }
  }
  framer.end();
  outcome.faults = framer.faults();
  return outcome;
}

}  // namespace

TEST_CASE("a stream gives the same frames and faults however it is cut") {
  using Frames = std::vector<std::string>;
  struct {
    char const* why;
    std::string stream;
    Frames frames;
    MllpFaults
        faults;  // end_without_return, space_between, text_between, empty, truncated, oversized
  } const rows[] = {
      {"one frame", "\x0BMSH|1\r\x1C\r", {"MSH|1\r"}, {}},
      {"pipelined",
       "\x0B"
       "A\x1C\r\x0B"
       "B\x1C\r",
       {"A", "B"},
       {}},
      {"FS without CR, then a frame",
       "\x0B"
       "A\x1C\x0B"
       "B\x1C\r",
       {"A", "B"},
       {1, 0, 0, 0, 0, 0}},
      {"FS without CR at the end",
       "\x0B"
       "A\x1C",
       {"A"},
       {1, 0, 0, 0, 0, 0}},
      {"LF instead of CR",
       "\x0B"
       "A\x1C\n\x0B"
       "B\x1C\r",
       {"A", "B"},
       {1, 1, 0, 0, 0, 0}},
      {"CR LF",
       "\x0B"
       "A\x1C\r\n\x0B"
       "B\x1C\r\n",
       {"A", "B"},
       {0, 2, 0, 0, 0, 0}},
      {"white space and NUL before",
       std::string(" \t\r\n\0\x0B"
                   "A\x1C\r",
                   9),
       {"A"},
       {0, 1, 0, 0, 0, 0}},
      {"empty frames are probes",
       "\x0B\x1C\r\x0B\x1C\r\x0B"
       "A\x1C\r",
       {"A"},
       {0, 0, 0, 2, 0, 0}},
      {"VT inside cuts off what came before",
       "\x0BMSH|lost\x0BMSH|kept\x1C\r",
       {"MSH|kept"},
       {0, 0, 0, 0, 1, 0}},
      {"VT twice is one start",
       "\x0B\x0B"
       "A\x1C\r",
       {"A"},
       {}},
      {"a missing VT is not guessed at",
       "MSH|1\x1C\r\x0B"
       "B\x1C\r",
       {"B"},
       {0, 0, 1, 0, 0, 0}},
      {"text between frames",
       "\x0B"
       "A\x1C\rjunk and junk\x0B"
       "B\x1C\r",
       {"A", "B"},
       {0, 0, 1, 0, 0, 0}},
      {"FS twice",
       "\x0B"
       "A\x1C\x1C\r\x0B"
       "B\x1C\r",
       {"A", "B"},
       {1, 0, 1, 0, 0, 0}},
      {"the end inside a frame",
       "\x0B"
       "A\x1C\r\x0B"
       "half",
       {"A"},
       {0, 0, 0, 0, 1, 0}},
      {"bytes above 127 and all other controls pass",
       "\x0B\xE6\x01\x1F\x7F\xFF\x1C\r",
       {"\xE6\x01\x1F\x7F\xFF"},
       {}},
  };
  for (auto const& row : rows) {
    for (std::size_t const piece : {1, 2, 3, 1000}) {
      CAPTURE(row.why);
      CAPTURE(piece);
      auto const outcome = run(row.stream, piece);
      CHECK(outcome.frames == row.frames);
      CHECK_FALSE(outcome.broken);
      CHECK(outcome.faults.end_without_return == row.faults.end_without_return);
      CHECK(outcome.faults.space_between == row.faults.space_between);
      CHECK(outcome.faults.text_between == row.faults.text_between);
      CHECK(outcome.faults.empty == row.faults.empty);
      CHECK(outcome.faults.truncated == row.faults.truncated);
      CHECK(outcome.faults.oversized == row.faults.oversized);
    }
  }
}

TEST_CASE("a frame at its limit passes and one byte more does not") {
  for (std::size_t const piece : {1, 7, 1000}) {
    CHECK(run("\x0B" + std::string(100, 'x') + "\x1C\r", piece).frames.size() == 1);
    auto const outcome = run("\x0B" + std::string(101, 'x') + "\x1C\r", piece);
    CHECK(outcome.frames.empty());
    CHECK(outcome.broken);
    CHECK(outcome.faults.oversized == 1);
  }
}

TEST_CASE("a peer that does not speak MLLP is noticed at the limit") {
  auto const limit = MllpFramer::kTextBetweenBytesMax;
  CHECK_FALSE(run(std::string(limit, 'G'), 64).broken);
  CHECK(run(std::string(limit + 1, 'G'), 64).broken);
}

TEST_CASE("a frame that was written is read back") {
  std::string stream;
  append_frame(stream, "MSH|^~\\&|A\rPID|1\r");
  append_frame(stream, "B");
  CHECK(run(stream, 5).frames == std::vector<std::string>{"MSH|^~\\&|A\rPID|1\r", "B"});
}
