#include "engine/requests/authenticator.hpp"

namespace engine::requests {
namespace {

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view kBearer = "bearer";
  if (scheme.size() != kBearer.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((scheme[i] | 0x20) != kBearer[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> bearer_token(const http::Request& request) {
  const auto header = request.header("authorization");
  if (!header) return std::nullopt;
  const std::size_t space = header->find(' ');
  if (space == std::string_view::npos || !is_bearer(header->substr(0, space))) return std::nullopt;
  return header->substr(space + 1);
}

base::Result<wire::VerifiedToken, wire::Problem> Authenticator::authenticate(
    const http::Request& request, std::chrono::seconds grace) const {
  const auto token = bearer_token(request);
  if (!token) return base::fail(wire::problem::unauthorized());

  auto verified = gate_.verify(*token, grace);
  if (!verified) {
    if (verified.error().is_key_unknown) want_key_();
    log_.debug("token refused", {{"reason", verified.error().reason}});
    return base::fail(wire::problem::unauthorized());
  }
  return *std::move(verified);
}

http::Handler for_callers(const Authenticator& authenticator, CallerHandler handler) {
  return [&authenticator, handler = std::move(handler)](const http::Request& request) {
    const auto token = authenticator.authenticate(request);
    if (!token) return http::problem_response(token.error());
    return handler(request, *token);
  };
}

}  // namespace engine::requests
