#include "pg/connection.hpp"

#include "base/check.hpp"
#include "pg/error.hpp"
#include "pg/session.hpp"

#include <algorithm>
#include <utility>

namespace pg {
namespace {

using std::chrono::milliseconds;

milliseconds reply_limit(const ConnectionOptions& options) {
  if (options.statement_timeout.count() == 0) return milliseconds{0};
  return options.statement_timeout + options.reply_margin;
}

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
}

SessionOptions session_options(const ConnectionOptions& options, const Deadline& deadline) {
  // libpq's own `connect_timeout` only works in its blocking call; it is for each host.
  milliseconds limit = options.connect_timeout * host_count(options.url);
  if (deadline) limit = std::clamp(left_until(*deadline), milliseconds{1}, limit);
  return {.connection_string = connection_string(options),
          .connect_timeout = limit,
          .log = options.log};
}

// The server has not heard of it, so nothing is in doubt.
Reply out_of_time() {
  return {.answers = {},
          .fault = Fault{.sqlstate = "57014", .message = "the time for using the database is over"},
          .is_broken = false};
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

Connection::Connection(ConnectionOptions options, Deadline deadline)
    : options_{std::move(options)},
      reply_limit_{pg::reply_limit(options_)},
      deadline_{deadline},
      session_{std::make_unique<Session>(session_options(options_, deadline))} {}

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

  Reply reply = send(steps);
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
  return result_of(send_script(sql));
}

std::vector<Notification> Connection::wait_for_notifications(milliseconds limit) {
  std::vector<Notification> came = session_->wait_for_notifications(limit);
  if (came.empty() && !session_->is_open()) {
    throw TransientError{
        {.sqlstate = "08006", .message = "the connection to the database was lost"}};
  }
  return came;
}

std::vector<std::optional<Fault>> Connection::try_to_prepare(
    std::span<const Statement> statements) {
  std::vector<Step> steps;
  for (const Statement& one : statements) {
    steps.push_back({.kind = Step::Kind::kPrepare, .name = one.name, .sql = one.sql});
  }
  std::vector<std::optional<Fault>> faults;
  for (Reply& reply : session_->send_apart(steps, reply_limit_)) {
    if (reply.is_broken) throw TransientError{std::move(*reply.fault)};
    faults.push_back(std::move(reply.fault));
  }
  return faults;
}

Reply Connection::send(std::span<const Step> steps) {
  const auto limit = reply_limit();
  return limit ? checked(session_->send(steps, *limit)) : out_of_time();
}

Reply Connection::send_script(std::string_view sql) {
  const auto limit = reply_limit();
  return limit ? checked(session_->send_script(sql, *limit)) : out_of_time();
}

std::optional<milliseconds> Connection::reply_limit() const {
  if (!deadline_) return reply_limit_;
  const milliseconds left = left_until(*deadline_);
  if (left.count() <= 0) return std::nullopt;
  return reply_limit_.count() == 0 ? left : std::min(left, reply_limit_);
}

Reply Connection::checked(Reply reply) {
  if (reply.fault && reply.fault->is_stale) {
    is_stale_ = true;
    session_->break_off();
  }
  return reply;
}

bool Connection::is_usable() {
  return !has_transaction_ && session_->is_open() && !session_->is_in_transaction();
}

bool Connection::has_timed_out() const {
  return session_->has_timed_out();
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
