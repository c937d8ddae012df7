#include "unit/http/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace http_test {
namespace {

constexpr int kPatience_s = 20;

Answer parse(std::string bytes) {
  Answer answer;
  answer.bytes = std::move(bytes);
  const std::string_view all = answer.bytes;
  if (!all.starts_with("HTTP/1.1 ")) return answer;
  std::from_chars(all.data() + 9, all.data() + 12, answer.status);
  const std::size_t end = all.find("\r\n\r\n");
  answer.body = all.substr(std::min(end, all.size() - 4) + 4);
  std::string_view lines = all.substr(0, end);
  while (true) {
    lines.remove_prefix(std::min(lines.find("\r\n"), lines.size()));
    if (lines.empty()) return answer;
    lines.remove_prefix(2);
    const std::size_t colon = lines.find(": ");
    std::string name{lines.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
    std::string& value = answer.headers[name];
    if (!value.empty()) value += ", ";
    value += lines.substr(colon + 2, lines.find("\r\n") - colon - 2);
  }
}

}  // namespace

std::string Answer::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

RawClient::RawClient(int port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const timeval patience{.tv_sec = kPatience_s, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error{"the server does not let us in"};
  }
}

RawClient& RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

RawClient& RawClient::end_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
  return *this;
}

std::size_t RawClient::flood(std::string_view piece, std::size_t bytes_max) {
  std::size_t sent = 0;
  while (sent < bytes_max) {
    const ssize_t size = ::send(socket_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (size <= 0) break;
    sent += static_cast<std::size_t>(size);
  }
  return sent;
}

Answer RawClient::receive() {
  std::string bytes;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t size = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (size <= 0) return parse(std::move(bytes));
    bytes.append(piece.data(), static_cast<std::size_t>(size));
  }
}

std::string RawClient::receive_bytes(std::size_t bytes) {
  std::string received(bytes, '\0');
  const ssize_t size = ::recv(socket_.get(), received.data(), bytes, MSG_WAITALL);
  received.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return received;
}

Answer exchange(int port, std::string_view bytes) {
  RawClient client{port};
  return client.send(bytes).receive();
}

std::string get(std::string_view path, std::string_view headers) {
  return std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
  return std::string{"POST "}
      .append(path)
      .append(" HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n")
      .append("Content-Length: " + std::to_string(body.size()) + "\r\n")
      .append(headers)
      .append("\r\n")
      .append(body);
}

}  // namespace http_test
