#include "engine/bridge/publisher_session.hpp"

#include "base/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using Kind = Report::Kind;

// For the name, the socket and the broker's word together.
constexpr auto kConnectTimeout = 3s;

}  // namespace

PublisherSession::PublisherSession(
    PublisherThread::Io& io, Peer peer, Reports& reports, std::size_t place, std::uint64_t attempt)
    : io_{io},
      peer_{std::move(peer)},
      reports_{reports},
      place_{place},
      attempt_{attempt},
      resolver_{io.context},
      socket_{io.context},
      timer_{io.context},
      keep_alive_{peer_.keep_alive} {}

template <class Step>
auto PublisherSession::guarded(Step step) {
  return [self = shared_from_this(), step](const Error& error, auto&&... results) {
    const std::lock_guard lock{self->mutex_};
    if (self->state_ != State::kOver) step(*self, error, results...);
  };
}

void PublisherSession::start() {
  const std::lock_guard lock{mutex_};
  try {
    resolve();
  } catch (const boost::system::system_error& error) {
    lose(-error.code().value());  // No thread is left that could look the name up.
  }
}

void PublisherSession::resolve() {
  timer_.expires_after(kConnectTimeout);
  timer_.async_wait(guarded([](PublisherSession& self, const Error& error) {
    if (!error && self.state_ == State::kConnecting) self.lose(-ETIMEDOUT);
  }));
  resolver_.async_resolve(
      peer_.host,
      peer_.port,
      guarded(
          [](PublisherSession& self, const Error& error, const tcp::resolver::results_type& to) {
            if (error) return self.lose(-error.value());
            // Said in full: async_connect has overloads that differ in what the handler takes.
            const auto connected = self.guarded([](PublisherSession& session, const Error& failed) {
              if (failed) return session.lose(-failed.value());
              session.connect();
            });
            boost::asio::async_connect(
                self.socket_, to, [connected](const Error& failed, const tcp::endpoint&) {
                  connected(failed);
                });
          }));
}

void PublisherSession::connect() {
  Error ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  out_ = peer_.connect;
  is_writing_ = true;
  write();
  read();
}

void PublisherSession::read() {
  socket_.async_read_some(boost::asio::buffer(received_),
                          guarded([](PublisherSession& self, const Error& error, std::size_t size) {
                            if (error) return self.lose(-error.value());
                            self.take_replies({self.received_.data(), size});
                            if (self.state_ != State::kOver) self.read();
                          }));
}

void PublisherSession::take_replies(std::string_view bytes) {
  is_pong_owed_ = false;  // It is there, whatever it says.
  found_.clear();
  try {
    replies_.add(bytes);
    while (const auto reply = replies_.next()) {
      switch (reply->kind) {
        case mqtt::Reply::Kind::kConnected:
          take_connected(*reply);
          break;
        case mqtt::Reply::Kind::kAccepted:
          take_accepted(*reply);
          break;
        case mqtt::Reply::Kind::kPong:
          break;
        case mqtt::Reply::Kind::kDisconnected:
          lose(reply->reason);
          break;
      }
      if (state_ == State::kOver) break;
    }
  } catch (const base::Error&) {
    lose(-EPROTO);
  }
  reports_.push(found_);
  if (state_ == State::kUp) send_waiting();
}

void PublisherSession::take_connected(const mqtt::Reply& reply) {
  if (state_ != State::kConnecting) return lose(-EPROTO);
  if (reply.reason >= mqtt::kRefusedFrom) return lose(reply.reason);
  state_ = State::kUp;
  receive_max_ = reply.receive_max;
  if (reply.keep_alive) keep_alive_ = *reply.keep_alive;
  report(Kind::kConnected, attempt_, reply.reason);
  if (keep_alive_ > 0s) keep_alive();
}

void PublisherSession::take_accepted(const mqtt::Reply& reply) {
  const auto found = unanswered_.find(reply.packet_id);
  if (found == unanswered_.end()) return;
  const bool is_refused = reply.reason >= mqtt::kRefusedFrom;
  report(is_refused ? Kind::kRefused : Kind::kAccepted, found->second, reply.reason);
  unanswered_.erase(found);
}

// Asks once in every period, and whoever has said nothing at all until the next time is gone.
void PublisherSession::keep_alive() {
  timer_.expires_after(keep_alive_);
  timer_.async_wait(guarded([](PublisherSession& self, const Error& error) {
    if (error) return;
    if (self.is_pong_owed_) return self.lose(-ETIMEDOUT);
    self.is_pong_owed_ = true;
    self.out_ += mqtt::ping_bytes();
    self.request_write();
    self.keep_alive();
  }));
}

bool PublisherSession::publish(std::uint64_t ticket, const mqtt::Publish& publish) {
  const std::lock_guard lock{mutex_};
  if (state_ != State::kUp) return false;
  if (unanswered_.size() < receive_max_ && waiting_.empty()) {
    send(ticket, publish);
    request_write();
  } else {
    waiting_.push_back({.ticket = ticket,
                        .topic = std::string{publish.topic},
                        .payload = std::string{publish.payload},
                        .is_retained = publish.is_retained,
                        .content_type = std::string{publish.content_type}});
  }
  return true;
}

void PublisherSession::send(std::uint64_t ticket, const mqtt::Publish& publish) {
  do {  // Fewer are under way than there are numbers.
    if (++last_packet_id_ == 0) ++last_packet_id_;
  } while (!unanswered_.emplace(last_packet_id_, ticket).second);
  mqtt::append_publish(out_, last_packet_id_, publish);
}

void PublisherSession::send_waiting() {
  if (waiting_.empty()) return;
  for (; !waiting_.empty() && unanswered_.size() < receive_max_; waiting_.pop_front()) {
    const Waiting& next = waiting_.front();
    send(next.ticket,
         {.topic = next.topic,
          .payload = next.payload,
          .is_retained = next.is_retained,
          .content_type = next.content_type});
  }
  request_write();
}

// Written a moment later: whoever publishes has more to publish, and it goes out together.
void PublisherSession::request_write() {
  if (is_writing_ || out_.empty()) return;
  is_writing_ = true;
  const auto step = guarded([](PublisherSession& self, const Error&) { self.write(); });
  boost::asio::post(io_.context, [step] { step(Error{}); });
}

void PublisherSession::write() {
  std::swap(out_, under_way_);
  out_.clear();
  boost::asio::async_write(socket_,
                           boost::asio::buffer(under_way_),
                           guarded([](PublisherSession& self, const Error& error, std::size_t) {
                             if (error) return self.lose(-error.value());
                             self.under_way_.clear();
                             self.is_writing_ = false;
                             self.request_write();
                           }));
}

void PublisherSession::lose(int code) {
  hang_up();
  report(Kind::kLost, attempt_, code);
  reports_.push(found_);
  found_.clear();
}

void PublisherSession::close() {
  const std::lock_guard lock{mutex_};
  if (state_ == State::kOver) return;
  if (state_ == State::kUp && !is_writing_) {
    Error ignored;  // It is gone already, or does not read: then its will speaks for it.
    socket_.non_blocking(true, ignored);
    const auto goodbye = mqtt::disconnect_bytes();
    socket_.send(boost::asio::buffer(goodbye.data(), goodbye.size()), /*flags=*/0, ignored);
  }
  hang_up();
}

void PublisherSession::hang_up() {
  state_ = State::kOver;
  resolver_.cancel();
  Error ignored;  // What is gone needs no end.
  timer_.cancel(ignored);
  socket_.close(ignored);
}

void PublisherSession::report(Report::Kind kind, std::uint64_t subject, int code) {
  found_.push_back({.connection = place_, .kind = kind, .subject = subject, .code = code});
}

}  // namespace engine::bridge
