#include "store/postgres/foreign.h"

#include <algorithm>

#include "store/postgres/dialect.h"

namespace sinew::store::postgres {
namespace {

/// Rows fetched at first of what is read until its reader has enough, and at most at a time.
constexpr int kFirstPiece = 128;
constexpr int kPieceMax = 8192;

}  // namespace

class Foreign::Statement final : public sqlite::ForeignStatement {
 public:
  Statement(Foreign& owner, char const* sql)
      : owner_(owner),
        sql_(translated(sql)),
        is_walked_(postgres::is_walked(sql)),
        has_rows_(!sql_.starts_with("INSERT ")) {}

  void bind(int index, std::int64_t value) override { parameters_.set(index, wire_value(value)); }
  void bind(int index, double value) override { parameters_.set(index, wire_value(value)); }
  void bind(int index, std::string_view bytes) override {
    parameters_.set(index, wire_value(bytes));
  }

  Result<bool> next() override {
    if (!is_running_) TRY(start());
    if (++row_ < answer_.rows()) return true;
    if (cursor_.empty() || answer_.rows() < piece_) return false;
    TRY(fetch());
    return ++row_ < answer_.rows();
  }

  void reset() override {
    is_running_ = false;
    answer_ = Answer();
    // Sent with whatever comes next. A transaction that has failed takes its cursors with it.
    if (!cursor_.empty() && !owner_.session_.has_failed())
      (void)owner_.session_.send("CLOSE " + cursor_);
    cursor_.clear();
  }

  [[nodiscard]] std::int64_t integer(int column) const override {
    return answer_.integer(row_, column);
  }
  [[nodiscard]] double real(int column) const override { return answer_.real(row_, column); }
  [[nodiscard]] bool is_null(int column) const override { return answer_.is_null(row_, column); }
  [[nodiscard]] std::string_view text(int column) const override {
    return answer_.bytes(row_, column);
  }

 private:
  Result<> start() {
    is_running_ = true;
    row_ = -1;
    // What gives no rows is not waited for; should it fail, whatever comes next says so.
    if (!has_rows_) return owner_.session_.send(sql_, parameters_);
    if (!is_walked_) {
      answer_ = TRY(owner_.session_.ask(sql_, parameters_));
      return pay();
    }
    cursor_ = "c" + std::to_string(number_);
    piece_ = kFirstPiece;
    TRY(owner_.session_.send("DECLARE " + cursor_ + " NO SCROLL CURSOR FOR " + sql_, parameters_));
    answer_ = TRY(owner_.session_.ask(fetch_text()));
    return pay();
  }

  Result<> fetch() {
    row_ = -1;
    piece_ = std::min(piece_ * 4, kPieceMax);
    answer_ = TRY(owner_.session_.ask(fetch_text()));
    return pay();
  }

  [[nodiscard]] std::string fetch_text() const {
    return "FETCH " + std::to_string(piece_) + " FROM " + cursor_;
  }

  Result<> pay() {
    auto const rows = static_cast<std::uint64_t>(answer_.rows());
    if (owner_.pay(kStatementSteps + rows * kRowSteps)) return {};
    return fail(ErrorCode::not_supported, "the search was interrupted");
  }

  Foreign& owner_;
  std::string sql_;
  bool is_walked_, has_rows_;
  /// One cursor for each statement, as there is one run of it at a time: few texts to prepare.
  std::uint64_t number_ = ++owner_.last_cursor_;
  Parameters parameters_;
  Answer answer_;
  int row_ = -1;
  int piece_ = kFirstPiece;
  bool is_running_ = false;
  std::string cursor_;  ///< empty: none is open
};

Foreign::Foreign(Session& session) : session_(session) {}
Foreign::~Foreign() = default;

sqlite::ForeignStatement* Foreign::prepare(char const* sql) {
  auto& slot = statements_[sql];
  if (!slot) slot = std::make_unique<Statement>(*this, sql);
  return slot.get();
}

}  // namespace sinew::store::postgres
