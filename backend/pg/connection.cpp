#include "pg/connection.hpp"

#include "base/check.hpp"
#include "pg/error.hpp"
#include "pg/session.hpp"

#include <utility>

namespace pg {
namespace {

using std::chrono::milliseconds;

// How much longer than the server's own statement timeout the client waits: enough for the fsync of
// a COMMIT on a slow disk, which no server timeout covers.
constexpr milliseconds kReplyMargin{5000};

milliseconds reply_limit(const ConnectionOptions& options) {
  if (options.statement_timeout.count() == 0) return milliseconds{0};
  return options.statement_timeout + kReplyMargin;
}

// A statement that was its own transaction.
Rows result_of(Reply reply) {
  if (reply.is_broken) {
    throw InDoubt{"it is not known whether a statement was carried out: " + reply.fault->message};
  }
  if (reply.fault) throw_fault(std::move(*reply.fault));
  return reply.answers.empty() ? Rows{} : reply.answers.back();
}

}  // namespace

Connection::Connection(ConnectionOptions options)
    : options_{std::move(options)},
      reply_limit_{reply_limit(options_)},
      session_{std::make_unique<Session>(connection_string(options_), options_.connect_timeout)} {}

Connection::~Connection() = default;

Reply Connection::exchange(std::vector<Step> before,
                           const Statement& statement,
                           const Parameters& parameters,
                           std::vector<Step> after) {
  std::vector<Step> steps = std::move(before);
  const std::size_t preparation = steps.size();
  const auto prepared = prepared_.find(statement.name);
  const bool is_new = prepared == prepared_.end();
  base::check(is_new || prepared->second == statement.sql, "a statement's name has another text");
  if (is_new) {
    steps.push_back({.kind = Step::Kind::kPrepare, .name = statement.name, .sql = statement.sql});
  }
  steps.push_back(
      {.kind = Step::Kind::kExecute, .name = statement.name, .parameters = &parameters});
  steps.insert(steps.end(), after.begin(), after.end());

  Reply reply = session_->send(steps, reply_limit_);
  // What is prepared stays so even when its transaction is rolled back.
  if (is_new && reply.answers.size() > preparation) {
    prepared_.emplace(statement.name, statement.sql);
  }
  return reply;
}

Rows Connection::run_alone(const Statement& statement, const Parameters& parameters) {
  base::check(!has_transaction_, "a statement of its own was run inside a transaction");
  return result_of(exchange({}, statement, parameters, {}));
}

Rows Connection::query(std::string_view sql) {
  base::check(!has_transaction_, "a statement of its own was run inside a transaction");
  return result_of(session_->send_script(sql, reply_limit_));
}

bool Connection::is_usable() {
  return !has_transaction_ && session_->is_open() && !session_->is_in_transaction();
}

void Connection::break_off() noexcept {
  session_->break_off();
}

int Connection::backend_pid() const {
  return session_->backend_pid();
}

ReplyLimit::ReplyLimit(Connection& connection, milliseconds limit)
    : connection_{connection}, before_{std::exchange(connection.reply_limit_, limit)} {}

ReplyLimit::~ReplyLimit() {
  connection_.reply_limit_ = before_;
}

}  // namespace pg
