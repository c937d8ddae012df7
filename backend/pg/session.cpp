#include "pg/session.hpp"

#include "base/check.hpp"
#include "base/guarded.hpp"
#include "pg/server_warnings.hpp"

#include <libpq-fe.h>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connected = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

// The moment after which nobody waits any longer; none for a limit of 0.
class Deadline {
 public:
  explicit Deadline(milliseconds limit) {
    if (limit.count() > 0) at_ = steady_clock::now() + limit;
  }

  // False when the deadline came first.
  [[nodiscard]] bool wait_for(int socket, short events) const {
    while (true) {
      pollfd descriptor{.fd = socket, .events = events, .revents = 0};
      const int ready = ::poll(&descriptor, 1, remaining());
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return true;  // What comes next reports it.
      if (at_ && steady_clock::now() >= *at_) return false;
    }
  }

 private:
  [[nodiscard]] int remaining() const {
    if (!at_) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*at_ - steady_clock::now());
    return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 60'000));
  }

  std::optional<steady_clock::time_point> at_;
};

std::string first_line(std::string_view text) {
  return std::string{text.substr(0, text.find('\n'))};
}

// libpq gives no SQLSTATE for a failed connection attempt except inside a verbose message, as in
// "…FATAL:  28P01: password authentication failed…". The words before it may be translated.
Fault connect_fault(std::string_view message) {
  constexpr std::string_view kDigits{"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"};
  for (auto at = message.find(":  "); at != std::string_view::npos;
       at = message.find(":  ", at + 1)) {
    const std::string_view rest = message.substr(at + 3);
    if (rest.size() > 7 && rest.find_first_not_of(kDigits) == 5 && rest.substr(5, 2) == ": ") {
      return {.sqlstate = std::string{rest.substr(0, 5)},
              .message = "the database refused the connection: " + first_line(rest.substr(7))};
    }
  }
  return {.sqlstate = "08001", .message = "the database cannot be reached: " + first_line(message)};
}

Fault lost_fault() {
  return {.sqlstate = "08006", .message = "the connection to the database was lost"};
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string{} : std::string{text};
}

// After a migration changed a statement's columns, or a pooler gave us another server process.
bool is_stale(const PGresult* result) {
  const std::string sqlstate = field(result, PG_DIAG_SQLSTATE);
  // "cached plan must not change result type" shares its code with much else.
  if (sqlstate == "0A000") return field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
  return sqlstate == "26000" || sqlstate == "42P05";  // No such statement, or one too many.
}

Fault fault_of(const PGresult* result) {
  Fault fault{.sqlstate = field(result, PG_DIAG_SQLSTATE),
              .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
              .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
              .schema = field(result, PG_DIAG_SCHEMA_NAME),
              .is_stale = is_stale(result)};
  return fault.sqlstate.empty() ? lost_fault() : fault;
}

Rows rows_of(Result result) {
  auto answer = std::make_shared<Answer>();
  PGresult* const raw = result.get();
  answer->memory = std::shared_ptr<PGresult>{std::move(result)};
  answer->rows = static_cast<std::size_t>(PQntuples(raw));
  answer->tag = PQcmdStatus(raw);
  const std::string_view affected{PQcmdTuples(raw)};
  std::from_chars(affected.data(), affected.data() + affected.size(), answer->affected);

  const int columns = PQnfields(raw);
  for (int column = 0; column < columns; ++column) {
    answer->columns.emplace_back(PQfname(raw, column));
  }
  answer->cells.reserve(answer->rows * answer->columns.size());
  for (int row = 0; row < PQntuples(raw); ++row) {
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(raw, row, column) != 0) {
        answer->cells.emplace_back(std::nullopt);
      } else {
        const auto length = static_cast<std::size_t>(PQgetlength(raw, row, column));
        answer->cells.emplace_back(std::string_view{PQgetvalue(raw, row, column), length});
      }
    }
  }
  return Rows{std::move(answer)};
}

Connected connect(const SessionOptions& options, ServerWarnings& warnings) {
  Connected connected{PQconnectStart(options.connection_string.c_str())};
  base::check(connected != nullptr, "out of memory");
  PGconn* const pg = connected.get();
  PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(
      pg,
      [](void* receiver, const PGresult* notice) noexcept {
        static_cast<ServerWarnings*>(receiver)->take(field(notice, PG_DIAG_SEVERITY_NONLOCALIZED),
                                                     fault_of(notice));
      },
      &warnings);

  const Deadline deadline{options.connect_timeout};
  // libpq asks to be polled as if it had said "writing" first.
  PostgresPollingStatusType next =
      PQstatus(pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      if (PQconnectionNeedsPassword(pg) != 0) {
        throw base::Error{"the database wants a password, and the URL has none"};
      }
      throw_fault(connect_fault(PQerrorMessage(pg)));
    }
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!deadline.wait_for(PQsocket(pg), events)) {
      throw TransientError{{.sqlstate = "08001", .message = "the database did not answer in time"}};
    }
    next = PQconnectPoll(pg);
  }
  PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
  PQsetnonblocking(pg, 1);
  return connected;
}

}  // namespace

class Session::Link {
 public:
  explicit Link(const SessionOptions& options)
      : warnings_{options.log},
        connected_{connect(options, warnings_)},
        socket_{PQsocket(connected_.get())} {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  // A watchdog must not shut down another connection that got the same descriptor.
  ~Link() { forget_socket(); }

  [[nodiscard]] PGconn* pg() const noexcept { return connected_.get(); }

  // Queues a step. False means that the connection is lost.
  [[nodiscard]] bool queue(const Step& step) const {
    const std::string name{step.name};
    const std::string sql{step.sql};
    switch (step.kind) {
      case Step::Kind::kCommand:
        return PQsendQueryParams(pg(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
      case Step::Kind::kPrepare:
        return PQsendPrepare(pg(), name.c_str(), sql.c_str(), 0, nullptr) == 1;
      case Step::Kind::kExecute:
        break;
    }
    std::vector<const char*> values;
    for (const auto& text : step.parameters->texts()) {
      values.push_back(text ? text->c_str() : nullptr);
    }
    const int count = static_cast<int>(values.size());
    return PQsendQueryPrepared(pg(), name.c_str(), count, values.data(), nullptr, nullptr, 0) == 1;
  }

  // Reads until the Sync is answered; by the simple protocol, until there are no more results.
  [[nodiscard]] Reply collect(milliseconds limit, bool is_pipeline) {
    const Deadline deadline{limit};
    Reply reply;
    while (true) {
      if (!wait_for_result(deadline)) {
        has_timed_out_ = true;
        reply.fault = {.sqlstate = "08006", .message = "the database did not answer in time"};
        return broken(std::move(reply));
      }
      Result result{PQgetResult(pg()), &PQclear};
      // After a lost connection libpq has nulls without end; between two steps it has one.
      if (!result && PQstatus(pg()) == CONNECTION_BAD) return broken(std::move(reply));
      if (!result && is_pipeline) continue;
      if (!result) return reply;

      switch (PQresultStatus(result.get())) {
        case PGRES_PIPELINE_SYNC:
          return reply;
        case PGRES_PIPELINE_ABORTED:
          break;  // A step after the one that failed.
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
          if (!is_pipeline) reply.answers.clear();
          reply.answers.push_back(rows_of(std::move(result)));
          break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
          reply.fault = {.sqlstate = "0A000",
                         .message = "COPY cannot be used over this connection"};
          return broken(std::move(reply));
        default:
          if (!reply.fault) reply.fault = fault_of(result.get());
      }
    }
  }

  [[nodiscard]] bool has_timed_out() const noexcept { return has_timed_out_; }

  [[nodiscard]] bool is_open() {
    // An idle server only writes when it says good-bye, tells of a changed setting, or notifies.
    while (PQstatus(pg()) == CONNECTION_OK && !is_broken_) {
      pollfd descriptor{.fd = PQsocket(pg()), .events = POLLIN, .revents = 0};
      if (::poll(&descriptor, 1, 0) <= 0) return true;
      if (PQconsumeInput(pg()) == 0) is_broken_ = true;
    }
    return false;
  }

  [[nodiscard]] std::vector<Notification> wait_for_notifications(milliseconds limit) {
    const Deadline deadline{limit};
    std::vector<Notification> came;
    while (true) {
      const bool is_alive = is_open();  // Takes in what the server has written.
      while (PGnotify* const one = PQnotifies(pg())) {
        came.push_back({.channel = one->relname, .payload = one->extra});
        PQfreemem(one);
      }
      if (!came.empty() || !is_alive || !deadline.wait_for(PQsocket(pg()), POLLIN)) return came;
    }
  }

  [[nodiscard]] Reply broken(Reply reply) {
    is_broken_ = true;
    break_off();
    reply.is_broken = true;
    if (!reply.fault) reply.fault = lost_fault();
    return reply;
  }

  void break_off() noexcept {
    socket_.with([](int socket) {
      if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
    });
  }

 private:
  // Sends what is left and reads until libpq has a result. False when the deadline came first.
  [[nodiscard]] bool wait_for_result(const Deadline& deadline) const {
    while (true) {
      const bool is_all_sent = PQflush(pg()) != 1;
      if (PQisBusy(pg()) == 0) return true;
      const int events = is_all_sent ? POLLIN : POLLIN | POLLOUT;
      if (!deadline.wait_for(PQsocket(pg()), static_cast<short>(events))) return false;
      PQconsumeInput(pg());  // Its failure is the next result.
    }
  }

  void forget_socket() noexcept {
    socket_.with([](int& socket) { socket = -1; });
  }

  ServerWarnings warnings_;  // The connection points to it.
  Connected connected_;
  bool is_broken_{false};
  bool has_timed_out_{false};
  base::Guarded<int> socket_;  // libpq's own; -1 when it is about to be closed.
};

Session::Session(const SessionOptions& options) : link_{std::make_unique<Link>(options)} {}

Session::~Session() = default;

Reply Session::send(std::span<const Step> steps, milliseconds limit) {
  if (!link_->is_open()) return {.answers = {}, .fault = lost_fault(), .is_broken = false};

  bool is_queued = PQenterPipelineMode(link_->pg()) == 1;
  for (const Step& step : steps) is_queued = is_queued && link_->queue(step);
  if (!is_queued || PQpipelineSync(link_->pg()) != 1) return link_->broken({});

  Reply reply = link_->collect(limit, /*is_pipeline=*/true);
  if (reply.is_broken || PQexitPipelineMode(link_->pg()) == 1) return reply;
  return link_->broken(std::move(reply));
}

std::vector<Reply> Session::send_apart(std::span<const Step> steps, milliseconds limit) {
  if (!link_->is_open()) return {{.answers = {}, .fault = lost_fault(), .is_broken = true}};

  bool is_queued = PQenterPipelineMode(link_->pg()) == 1;
  for (const Step& step : steps) {
    is_queued = is_queued && link_->queue(step) && PQpipelineSync(link_->pg()) == 1;
  }
  if (!is_queued) return {link_->broken({})};

  std::vector<Reply> replies;
  while (replies.size() < steps.size()) {
    replies.push_back(link_->collect(limit, /*is_pipeline=*/true));
    if (replies.back().is_broken) return replies;
  }
  if (PQexitPipelineMode(link_->pg()) != 1) link_->break_off();
  return replies;
}

Reply Session::send_script(std::string_view sql, milliseconds limit) {
  if (!link_->is_open()) return {.answers = {}, .fault = lost_fault(), .is_broken = false};
  if (PQsendQuery(link_->pg(), std::string{sql}.c_str()) != 1) return link_->broken({});
  return link_->collect(limit, /*is_pipeline=*/false);
}

std::vector<Notification> Session::wait_for_notifications(milliseconds limit) {
  return link_->wait_for_notifications(limit);
}

bool Session::is_open() {
  return link_->is_open();
}

bool Session::is_in_transaction() const {
  return PQtransactionStatus(link_->pg()) != PQTRANS_IDLE;
}

bool Session::has_timed_out() const {
  return link_->has_timed_out();
}

int Session::backend_pid() const {
  return PQbackendPID(link_->pg());
}

void Session::break_off() noexcept {
  link_->break_off();
}

int host_count(const std::string& connection_string) {
  for (const auto& [key, value] : parse_connection_string(connection_string)) {
    if (key == "host") return 1 + static_cast<int>(std::count(value.begin(), value.end(), ','));
  }
  return 1;
}

std::vector<std::pair<std::string, std::string>> parse_connection_string(const std::string& text) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
      PQconninfoParse(text.c_str(), nullptr), &PQconninfoFree};
  if (!options) throw base::Error{"the database URL cannot be understood"};

  std::vector<std::pair<std::string, std::string>> pairs;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) pairs.emplace_back(option->keyword, option->val);
  }
  return pairs;
}

}  // namespace pg
