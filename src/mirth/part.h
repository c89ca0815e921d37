#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "mirth/js/rewrite.h"
#include "mirth/report.h"

namespace sinew::mirth {

/// How other channels of the import reach one.
struct Road {
  std::string name;             ///< of the channel here
  bool takes_channels = false;  ///< its source is a Channel Reader, and its file is read
};

/// What all channels of an import share.
struct Shared {
  Report report;
  std::map<std::string, std::string, std::less<>> files;          ///< path in the folder → content
  std::map<std::string, Road, std::less<>> roads;                 ///< by the id in Mirth
  std::map<std::string, std::string, std::less<>> configuration;  ///< the configuration map
  bool needs_e4x = false;
};

/// A part of a channel that is converted, and says so in the report.
class Part {
 public:
  Part(Shared& shared, std::string channel, std::string name)
      : shared_(&shared), channel_(std::move(channel)), name_(std::move(name)) {}

  void converted(std::string what, std::string why = {}) const {
    add(Verdict::converted, std::move(what), std::move(why));
  }
  void differs(std::string what, std::string why) const {
    add(Verdict::differs, std::move(what), std::move(why));
  }
  void by_hand(std::string what, std::string why) const {
    add(Verdict::by_hand, std::move(what), std::move(why));
  }
  void left_out(std::string what, std::string why) const {
    add(Verdict::left_out, std::move(what), std::move(why));
  }
  void add(Verdict verdict, std::string what, std::string why, std::size_t line = 0) const {
    shared_->report.add({channel_, name_, std::move(what), verdict, std::move(why), line});
  }
  /// `${NAME}`, for a password or what differs between sites.
  [[nodiscard]] std::string variable(std::string_view name, std::string_view stands_for) const;

  [[nodiscard]] Part with_name(std::string name) const {
    return {*shared_, channel_, std::move(name)};
  }
  [[nodiscard]] Shared& shared() const { return *shared_; }
  [[nodiscard]] std::string const& channel() const { return channel_; }
  [[nodiscard]] std::string const& name() const { return name_; }

 private:
  Shared* shared_;
  std::string channel_, name_;
};

/// A setting of a connector. `${..}` of Mirth (Velocity) is filled per message there; here, what
/// does not change between messages becomes a variable of the environment.
/// Source: Mirth Connect 4.5 user guide, "Velocity variable replacement".
[[nodiscard]] std::string setting(Part const& part, std::string_view what, std::string_view text);

/// A port: a number, or a variable of the environment.
[[nodiscard]] std::string port_setting(Part const& part, std::string_view text);

/// A file's name, with the places that a message fills: `{date}`, `{item}`, `{control_id}`.
[[nodiscard]] std::string file_pattern(Part const& part, std::string_view text);

/// Whether a template sends the message as it is: `${message.encodedData}`, `${message.rawData}`.
[[nodiscard]] bool sends_message(std::string_view text);

}  // namespace sinew::mirth
