#include "pg/server_warnings.hpp"

namespace pg {
namespace {

constexpr int kLinesMax = 10;
constexpr std::chrono::minutes kPeriod{1};
constexpr std::size_t kBytesMax = 500;

// FATAL comes this way when the server ends a connection that nobody uses.
bool is_worth_a_line(std::string_view severity) {
  return severity == "WARNING" || severity == "ERROR" || severity == "FATAL" || severity == "PANIC";
}

}  // namespace

void ServerWarnings::take(std::string_view severity, const Fault& notice) {
  if (log_ == nullptr || !is_worth_a_line(severity) || !has_room()) return;
  log_->warning("the database server warns",
                {{"severity", severity},
                 {"sqlstate", notice.sqlstate},
                 {"said", notice.message.substr(0, kBytesMax)}});
}

bool ServerWarnings::has_room() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= period_ends_) {
    period_ends_ = now + kPeriod;
    lines_ = 0;
  }
  return ++lines_ <= kLinesMax;
}

}  // namespace pg
