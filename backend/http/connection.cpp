#include "http/connection.hpp"

#include "http/response_bytes.hpp"
#include "http/transport_problem.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

namespace http {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

// Ordinary heads are smaller; what comes behind one waits in memory while it is answered.
constexpr std::size_t kHeadPieceBytes = 16 * 1024;
// What is read and dropped behind a last answer: the rest of a body that is a little too large,
// even of the largest kind (4 MiB). Cut off earlier, its sender would meet a reset instead of the
// answer.
constexpr std::size_t kDiscardBytesMax = 8 * 1024 * 1024;
// What a stopping server still grants.
constexpr auto kStopReceiving = 1s;
constexpr auto kStopSending = 3s;
constexpr auto kStopLingering = 200ms;
constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::chrono::seconds kRetryAfter{1};

bool is_not_ready(const error_code& error) {
  return error == boost::asio::error::would_block || error == boost::asio::error::interrupted;
}

/// What of `text` is behind the first `offset` bytes.
boost::asio::const_buffer rest_of(std::string_view text, std::size_t offset) {
  text.remove_prefix(std::min(offset, text.size()));
  return {text.data(), text.size()};
}

}  // namespace

Connection::Connection(tcp::socket socket, PeerAddress peer, ConnectionContext& context)
    : socket_{std::move(socket)},
      peer_{std::move(peer)},
      context_{context},
      reader_{context.head_limits} {}

void Connection::start() {
  deadline_ = until(context_.limits.head, kStopReceiving);
  wait_until_readable();
}

void Connection::wait_until_readable() {
  if (std::exchange(waits_until_readable_, true)) return;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waits_until_readable_ = false;
    if (!error) self->run([&self] { self->on_readable(); });
  });
}

void Connection::on_readable() {
  if (state_ == State::kHandled || state_ == State::kSending || state_ == State::kClosed) return;
  std::size_t wanted = context_.scratch.size();
  if (state_ == State::kHead) wanted = kHeadPieceBytes;
  if (state_ == State::kBody) wanted = std::min(wanted, reader_.body_bytes_missing());
  error_code error;
  const std::size_t size =
      socket_.read_some(boost::asio::buffer(context_.scratch.data(), wanted), error);
  if (is_not_ready(error)) return wait_until_readable();
  if (error == boost::asio::error::eof) return on_end_of_input();
  if (error) return close();
  if (state_ == State::kLingering) return discard(size);
  on_received({context_.scratch.data(), size});
}

void Connection::on_received(std::string_view bytes) {
  if (state_ == State::kHead && reader_.bytes_held() == 0) {
    exchange_.began = steady_clock::now();
    deadline_ = until(context_.limits.head, kStopReceiving);
  }
  reader_.add(bytes);
  hold(exchange_.bytes_in + reader_.bytes_held());
  if (context_.table.holds_too_many_requests()) {
    return refuse(wire::problem::unavailable("Too many requests are arriving.", kRetryAfter));
  }
  advance();
}

void Connection::on_end_of_input() {
  const bool is_between_requests = state_ == State::kHead && reader_.bytes_held() == 0;
  if (state_ == State::kLingering || is_between_requests) return close();
  refuse(transport_problem::malformed_request("The request ends before it is whole."));
}

void Connection::advance() {
  if (state_ == State::kHead && !read_head()) return;
  if (reader_.is_body_whole()) return hand_over();
  follow_body();
  wait_until_readable();
}

// True when a request was admitted; else it was answered, or its head is not whole.
bool Connection::read_head() {
  const std::size_t held = reader_.bytes_held();
  auto head = reader_.next_head();
  if (!head) {
    refuse(head.error());
    return false;
  }
  if (!*head) {
    wait_until_readable();
    return false;
  }
  const Time began = exchange_.began;
  exchange_ = exchange_of(**head);
  exchange_.began = began;
  exchange_.bytes_in = held - reader_.bytes_held();
  ++requests_;

  exchange_.has_unread_body = declared_length((*head)->headers).value_or(0) > 0;
  const bool is_asked_for = !exchange_.is_http_1_0 && (*head)->headers.contains("expect");
  auto admission = context_.dispatcher.admit(std::move(**head), peer_.text, context_.stopping);
  if (!admission) {
    exchange_.route = admission.error().route;
    exchange_.has_unread_body |= admission.error().is_malformed;
    send(std::move(admission.error().response));
    return false;
  }
  admission_ = std::move(*admission);
  admission_.request.request_id = exchange_.request_id;
  admission_.request.traceparent = exchange_.traceparent;
  exchange_.route = admission_.route->pattern;
  return begin_body(is_asked_for);
}

// False when the client does not even take the question for its body.
bool Connection::begin_body(bool is_asked_for) {
  state_ = State::kBody;
  reader_.expect_body(admission_.body_bytes);
  if (reader_.is_body_whole()) return true;
  body_until_ = until(context_.limits.body, kStopReceiving);
  progress_goal_ = reader_.body_bytes_missing();
  // RFC 9110, section 10.1.1: not for a client whose body is already on its way.
  if (!is_asked_for || reader_.bytes_held() > 0) return true;
  error_code error;
  if (socket_.write_some(boost::asio::buffer(kGoOn), error) == kGoOn.size()) return true;
  reset();
  return false;
}

void Connection::follow_body() {
  const std::size_t missing = reader_.body_bytes_missing();
  if (missing <= progress_goal_) {
    progress_goal_ = missing - std::min(missing, context_.limits.body_progress_bytes);
    progress_until_ = steady_clock::now() + context_.limits.body_progress;
  }
  deadline_ = std::min(body_until_, progress_until_);
}

void Connection::hand_over() {
  admission_.request.body = reader_.take_body();
  exchange_.bytes_in += admission_.request.body.size();
  exchange_.has_unread_body = false;
  hold(exchange_.bytes_in + reader_.bytes_held());
  state_ = State::kHandled;
  deadline_ = Time::max();
  context_.table.enter(*this, Phase::kHandled);

  Reply reply = [self = shared_from_this()](Response response) mutable {
    auto& io = self->context_.io;
    boost::asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
      if (self->state_ != State::kHandled) return;
      self->run([&] { self->send(std::move(response)); });
    });
  };
  HandlerThreads::Work work{
      .admission = std::move(admission_), .reply = std::move(reply), .since = steady_clock::now()};
  if (!context_.handlers.add(work)) {
    send(HandlerThreads::busy(context_.dispatcher, work.admission.request));
  }
}

void Connection::refuse(const wire::Problem& problem) {
  exchange_.has_unread_body = true;
  exchange_.bytes_in += reader_.bytes_held();
  send(context_.dispatcher.refuse(problem, admission_.request.headers));
}

void Connection::send(Response response) {
  exchange_.status = response.status;
  if (exchange_.request_id.empty())
    exchange_.request_id = new_request_id();  // No head was understood.
  response.headers.emplace_back("X-Request-Id", exchange_.request_id);
  exchange_.keeps_connection = exchange_.keeps_connection && !exchange_.has_unread_body &&
                               requests_ < context_.limits.requests_max && !is_stopping();
  const auto kept = exchange_.is_http_1_0 ? AfterAnswer::kKeepHttp1_0 : AfterAnswer::kKeep;
  out_head_ = response_head(response,
                            exchange_.keeps_connection ? kept : AfterAnswer::kClose,
                            std::chrono::system_clock::now());
  const bool has_body = exchange_.method != "HEAD" && !is_bodiless(response.status);
  out_body_ = has_body ? std::move(response.body) : std::string{};
  sent_ = 0;

  admission_ = {};
  if (!exchange_.keeps_connection) {
    exchange_.has_unread_body = exchange_.has_unread_body || reader_.bytes_held() > 0;
    reader_ = RequestReader{context_.head_limits};
  }
  hold(reader_.bytes_held());
  state_ = State::kSending;
  deadline_ = until(context_.limits.sending, kStopSending);
  context_.table.enter(*this, Phase::kSending);  // Also when not a byte can be written.
  write();
}

void Connection::wait_until_writable() {
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    if (!error && self->state_ == State::kSending) self->run([&self] { self->write(); });
  });
}

// One piece a turn, so that a large answer does not keep the others waiting.
void Connection::write() {
  const std::array rest{rest_of(out_head_, sent_),
                        rest_of(out_body_, sent_ - std::min(sent_, out_head_.size()))};
  error_code error;
  const std::size_t taken = socket_.write_some(rest, error);
  if (error && !is_not_ready(error)) return on_sent(/*is_taken=*/false);
  sent_ += taken;
  // Whoever takes nothing comes to stand in front of those who take, and is cut off first.
  if (taken > 0) context_.table.enter(*this, Phase::kSending);
  const std::size_t unsent = out_head_.size() + out_body_.size() - sent_;
  if (unsent == 0) return on_sent(/*is_taken=*/true);
  set_unsent(unsent);
  wait_until_writable();
  while (context_.table.holds_too_many_answers()) {
    context_.table.longest_in(Phase::kSending)->cut_off();
  }
}

void Connection::on_sent(bool is_taken) {
  exchange_.bytes_out = sent_;
  context_.access_log.write(exchange_, peer_.text, is_taken);
  set_unsent(0);
  out_head_ = {};
  out_body_ = {};
  if (!is_taken) return reset();
  if (exchange_.keeps_connection) return next_request();
  error_code error;
  // Closed with unread input, a socket is reset, and a reset takes the answer from the client.
  if (exchange_.has_unread_body || socket_.available(error) > 0) return linger();
  close();
}

void Connection::next_request() {
  exchange_ = {};
  state_ = State::kHead;
  context_.table.enter(*this, Phase::kWaiting);
  if (reader_.bytes_held() == 0) {
    reader_ = RequestReader{context_.head_limits};  // Gives its memory back.
    deadline_ = steady_clock::now() + context_.limits.idle;
    return is_stopping() ? stop() : wait_until_readable();
  }
  exchange_.began = steady_clock::now();
  deadline_ = until(context_.limits.head, kStopReceiving);
  // In a turn of its own: others come between, and nothing recurses.
  boost::asio::post(context_.io, [self = shared_from_this()] {
    if (self->state_ == State::kHead) self->run([&self] { self->advance(); });
  });
}

void Connection::give_up() {
  const bool has_begun = reader_.bytes_held() > 0;
  if (state_ == State::kBody || (state_ == State::kHead && has_begun)) {
    refuse(transport_problem::request_timeout());
  } else if (state_ == State::kSending) {
    cut_off();
  } else {
    close();
  }
}

void Connection::make_room() {
  close();
}

void Connection::stop() {
  if (state_ == State::kHead && reader_.bytes_held() == 0) {
    // What arrived in the last moment is still answered.
    error_code error;
    if (socket_.available(error) == 0) return close();
    on_readable();
  }
  const Time now = steady_clock::now();
  if (state_ == State::kHead || state_ == State::kBody) {
    body_until_ = now + kStopReceiving;
    deadline_ = std::min(deadline_, body_until_);
  }
  if (state_ == State::kSending) deadline_ = std::min<Time>(deadline_, now + kStopSending);
}

void Connection::cut_off() {
  on_sent(/*is_taken=*/false);
}

void Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  state_ = State::kLingering;
  deadline_ = until(context_.limits.lingering, kStopLingering);
  context_.table.enter_expendable(*this);
  wait_until_readable();
}

void Connection::discard(std::size_t bytes) {
  discarded_ += bytes;
  if (discarded_ > kDiscardBytesMax) return close();
  wait_until_readable();
}

void Connection::close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  deadline_ = Time::max();
  hold(0);
  set_unsent(0);
  error_code error;
  socket_.close(error);
  context_.table.remove(*this);
}

// Not a farewell: the kernel forgets at once what the client does not take.
void Connection::reset() {
  error_code error;
  socket_.set_option(boost::asio::socket_base::linger{true, 0}, error);
  close();
}

void Connection::hold(std::size_t request_bytes) {
  std::size_t& sum = context_.table.held().request_bytes;
  sum = sum - std::exchange(request_bytes_, request_bytes) + request_bytes;
}

void Connection::set_unsent(std::size_t bytes) {
  std::size_t& sum = context_.table.held().answer_bytes;
  sum = sum - std::exchange(unsent_bytes_, bytes) + bytes;
}

Connection::Time Connection::until(ConnectionLimits::Time limit,
                                   ConnectionLimits::Time when_stopping) const {
  return steady_clock::now() + (is_stopping() ? std::min(limit, when_stopping) : limit);
}

void Connection::run(const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& error) {
    context_.log.error("a connection was dropped", {{"reason", error.what()}});
    reset();
  }
}

}  // namespace http
