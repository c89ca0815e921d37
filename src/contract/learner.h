#pragma once

#include <optional>
#include <vector>

#include "contract/profile.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"

namespace sinew::contract {

/// Learns a feed's profile from its messages, one after another, in bounded memory.
class Learner {
 public:
  explicit Learner(std::string feed) { profile_.feed = std::move(feed); }
  /// Goes on from what was learned before.
  explicit Learner(Profile profile) : profile_(std::move(profile)) {}

  /// `at`  when it was sent or received; zero: MSH-7 says so.
  void learn(hl7v2::Message const& message, hl7v2::GroupTree const& groups, Instant at);
  /// Parses first. What is no message at all is counted.
  void learn(std::string_view bytes, Instant at);

  /// Counts a message among the volumes, and looks at nothing else of it.
  void count_only(Instant at);

  /// What is known. The hour under way is not among the volumes.
  [[nodiscard]] Profile const& profile() const { return profile_; }
  [[nodiscard]] Profile take() && { return std::move(profile_); }

 private:
  struct Place;
  MessageProfile* type_of(hl7v2::Message const& message, hl7v2::GroupTree const& groups);
  void learn_header(hl7v2::Message const& message, hl7v2::GroupTree const& groups);
  void learn_time(Instant at);
  void close_hour();
  void learn_groups(MessageProfile& type, hl7v2::Message const& message,
                    hl7v2::GroupTree const& groups);
  void close_group(MessageProfile& type, std::uint32_t node);
  std::uint32_t child_of(MessageProfile& type, std::uint32_t parent, std::string_view name,
                         bool is_group, std::size_t& hint);
  void learn_segment(Node& node, hl7v2::Message const& message, std::size_t segment);
  void learn_field(Element& field, std::string_view bytes, std::string_view dynamic_type);
  void learn_value(Element& element, std::string_view bytes, int depth);
  void learn_code(Element& element, std::string_view value);
  Element* part_of(Element& element, std::string_view type, std::size_t number);

  Profile profile_;
  // Of the message under way.
  hl7v2::Delimiters delimiters_;
  hl7v2::Version version_{};
  std::uint64_t patient_ = 0;  ///< a digest
  std::uint64_t ordinal_ = 0;
  std::vector<std::uint32_t> places_;   ///< tree node -> node of the profile
  std::vector<std::uint32_t> seen_in_;  ///< profile node -> times in the parent's instance
  std::int64_t hour_ = 0;               ///< the hour under way, since 1970
  std::uint32_t hour_messages_ = 0;
  Instant last_{};
};

/// MSH-7 as it stands, its offset obeyed where it has one; nothing when it is no time.
[[nodiscard]] std::optional<Instant> sent_at(hl7v2::Message const& message);

}  // namespace sinew::contract
