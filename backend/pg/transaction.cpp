#include "pg/transaction.hpp"

#include "base/check.hpp"
#include "pg/session.hpp"

#include <utility>

namespace pg {
namespace {

std::string_view begin_command(Isolation isolation, Access access) {
  const bool is_writing = access == Access::kReadWrite;
  switch (isolation) {
    case Isolation::kReadCommitted:
      return is_writing ? "begin isolation level read committed read write"
                        : "begin isolation level read committed read only";
    case Isolation::kRepeatableRead:
      return is_writing ? "begin isolation level repeatable read read write"
                        : "begin isolation level repeatable read read only";
    case Isolation::kSerializable:
      break;
  }
  return is_writing ? "begin isolation level serializable read write"
                    : "begin isolation level serializable read only";
}

Step command(std::string_view sql) {
  return {.kind = Step::Kind::kCommand, .sql = sql};
}

}  // namespace

Transaction::Transaction(Connection& connection, Isolation isolation, Access access)
    : connection_{connection}, begin_{begin_command(isolation, access)} {
  base::check(!connection_.has_transaction_, "a connection has one transaction at a time");
  connection_.has_transaction_ = true;
}

Transaction::~Transaction() {
  connection_.has_transaction_ = false;
  Session& session = *connection_.session_;
  if (!session.is_open() || !session.is_in_transaction()) return;
  const std::vector<Step> rollback{command("rollback")};
  if (connection_.send(rollback).fault) session.break_off();
}

Rows Transaction::run_step(const Statement& statement, const Parameters& parameters) {
  expect_open();
  const Reply reply = connection_.exchange(take_begin(), statement, parameters, {});
  throw_if_failed(reply);
  return reply.answers.back();
}

Rows Transaction::query(std::string_view sql, std::string_view origin) {
  expect_open();
  std::string script;
  for (const Step& begin : take_begin()) script.append(begin.sql).append(";\n");
  script.append(sql);
  Reply reply = connection_.send_script(script);
  if (reply.fault && !origin.empty()) {
    reply.fault->message = std::string{origin} + ": " + reply.fault->message;
  }
  throw_if_failed(reply);
  if (!connection_.session_->is_in_transaction()) {
    poison_ = "a script ended the transaction that it was part of";
    throw Poisoned{*poison_};
  }
  return reply.answers.empty() ? Rows{} : reply.answers.back();
}

void Transaction::commit() {
  expect_open();
  is_finished_ = true;
  if (!has_begun_) return;
  const std::vector<Step> last{command("commit")};
  finish(connection_.send(last));
}

Rows Transaction::run_last(const Statement& statement, const Parameters& parameters) {
  expect_open();
  is_finished_ = true;
  const Reply reply =
      connection_.exchange(take_begin(), statement, parameters, {command("commit")});
  finish(reply);
  return reply.answers[reply.answers.size() - 2];
}

void Transaction::expect_open() const {
  if (poison_) {
    throw Poisoned{"nothing is stored, because an earlier statement failed: " + *poison_};
  }
  base::check(!is_finished_, "a finished transaction was used again");
}

std::vector<Step> Transaction::take_begin() {
  if (std::exchange(has_begun_, true)) return {};
  return {command(begin_)};
}

void Transaction::throw_if_failed(const Reply& reply) {
  if (!reply.fault) return;
  poison_ = reply.fault->message;
  if (reply.is_broken) throw TransientError{*reply.fault};
  throw_fault(*reply.fault);
}

void Transaction::finish(const Reply& reply) {
  if (reply.is_broken) {
    poison_ = reply.fault->message;
    throw InDoubt{"it is not known whether a transaction is stored: " + *poison_};
  }
  throw_if_failed(reply);
  // The server answers COMMIT with the tag ROLLBACK, and no error, when a statement had failed.
  if (reply.answers.back().tag() != "COMMIT") {
    poison_ = "the server rolled the transaction back at COMMIT";
    throw Poisoned{*poison_};
  }
}

}  // namespace pg
