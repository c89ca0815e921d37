#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {
namespace {

class ChannelSender final : public Sender {
 public:
  ChannelSender(std::string channel, HandOver hand_over)
      : channel_(std::move(channel)), hand_over_(std::move(hand_over)) {}

  Reply send(Outgoing const& message) override {
    if (!hand_over_)
      return unreachable({ErrorCode::unavailable, "no engine takes messages here", channel_});
    auto const handed = hand_over_(channel_, std::string(message.bytes));
    if (handed) return {"stored", {}};
    // Sent again, the message is known there by its bytes: nothing comes twice.
    return unreachable(handed.error());
  }

 private:
  std::string const channel_;
  HandOver const hand_over_;
};

/// Nothing to do: what other channels pass on comes by itself.
class ChannelSource final : public Source {
 public:
  explicit ChannelSource(SourceContext const& context)
      : status_(context.name, "channel", context.metrics) {}
  Result<> start() override {
    status_.works();
    return {};
  }
  void stop() override {}
  SourceStatus& status() override { return status_; }

 private:
  SourceStatus status_;
};

}  // namespace

Result<OpenSender> read_channel_target(Node const& node) {
  auto const channel = TRY(node.text());
  return OpenSender([channel](SenderContext const& context) -> std::unique_ptr<Sender> {
    return std::make_unique<ChannelSender>(channel, context.hand_over);
  });
}

Result<OpenSource> read_channel_source(Node const& node) {
  if (!TRY(node.truth(true))) return node.wrong("has to be true: other channels pass messages on");
  return OpenSource([](SourceContext const& context) -> std::unique_ptr<Source> {
    return std::make_unique<ChannelSource>(context);
  });
}

}  // namespace sinew::engine
