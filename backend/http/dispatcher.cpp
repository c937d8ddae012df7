#include "http/dispatcher.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "http/target.hpp"
#include "http/transport_problem.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace http {
namespace {

constexpr std::size_t kErrorIdLength = 10;
constexpr std::chrono::seconds kRetryAfter{1};

bool is_json(std::string_view media_type) {
  const std::string_view type = media_type.substr(0, media_type.find_first_of("; \t"));
  constexpr std::string_view kJson = "application/json";
  return std::equal(
      type.begin(), type.end(), kJson.begin(), kJson.end(), [](char letter, char wanted) {
        return letter == wanted || (letter >= 'A' && letter <= 'Z' && letter - 'A' + 'a' == wanted);
      });
}

bool may_have_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

/// What speaks against reading the body, known before a byte of it is read.
std::optional<wire::Problem> refuse_body(const Request& request, const RouteOptions& options) {
  const auto length = declared_length(request.headers);
  if (!length && !options.is_body_optional) return wire::problem::length_required();
  if (length.value_or(0) > options.body_bytes_max) {
    return wire::problem::body_too_large(options.body_bytes_max);
  }
  if (length.value_or(0) > 0 && !is_json(request.header("content-type").value_or(""))) {
    return wire::problem::unsupported_media_type();
  }
  return std::nullopt;
}

void add_common_headers(Response& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (!response.has_header("Cache-Control")) {
    response.headers.emplace_back("Cache-Control", "no-store");
  }
}

}  // namespace

Dispatcher::Dispatcher(Router router, CorsOptions cors, const base::Log& log)
    : router_{std::move(router)}, cors_{std::move(cors)}, log_{log} {}

Response Dispatcher::refuse(const wire::Problem& problem) const {
  Response response = problem_response(problem);
  add_common_headers(response);
  if (problem.status == 405) response.headers.emplace_back("Allow", kKnownMethods);
  log_.debug("request refused", {{"status", problem.status}});
  return response;
}

Response Dispatcher::answer(Arrival arrival, const ReadBody& read_body) const {
  const auto began = std::chrono::steady_clock::now();
  auto target = parse_target(arrival.head.target);
  if (!target) return refuse(target.error());

  Router::Match match = router_.find(arrival.head.method, target->segments);
  Request request{.method = std::move(arrival.head.method),
                  .path = joined_path(target->segments),
                  .path_parameters = std::move(match.path_parameters),
                  .query = std::move(target->query),
                  .headers = std::move(arrival.head.headers),
                  .body = {},
                  .remote_address = std::move(arrival.remote_address),
                  .stopping = std::move(arrival.stopping)};
  Response response = dispatch(request, match, read_body);
  add_common_headers(response);
  add_cors_headers(response,
                   request.headers,
                   cors_,
                   is_preflight(request.method, request.headers) ? match.allow : "");

  // The pattern, not the path: paths carry ids, queries carry places.
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  log_.debug("request answered",
             {{"method", request.method},
              {"route", match.route != nullptr ? match.route->pattern : "none"},
              {"status", response.status},
              {"ms", static_cast<double>(took.count()) / 1000}});
  return response;
}

Response Dispatcher::dispatch(Request& request,
                              const Router::Match& match,
                              const ReadBody& read_body) const {
  if (match.route == nullptr && match.allow.empty()) {
    return problem_response(wire::problem::not_found("resource"));
  }
  const auto length = declared_length(request.headers).value_or(0);
  if (!may_have_body(request.method) && length > 0) {
    return problem_response(
        transport_problem::malformed_request("A request with this method has no body."));
  }
  if (match.route == nullptr) {
    Response response = request.method == "OPTIONS"
                            ? Response{.status = 204, .content_type = {}, .body = {}, .headers = {}}
                            : problem_response(wire::problem::method_not_allowed(match.allow));
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  if (may_have_body(request.method)) {
    if (const auto problem = refuse_body(request, match.route->options)) {
      return problem_response(*problem);
    }
    auto body = length == 0 ? std::string{} : read_body(length);
    if (!body) return problem_response(transport_problem::request_timeout());
    request.body = std::move(*body);
  }
  return run_handler(*match.route, request);
}

// What went wrong is for the log; the client gets an id to quote.
Response Dispatcher::run_handler(const Route& route, const Request& request) const {
  std::string what = "an exception of unknown type";
  try {
    return route.handle(request);
  } catch (const base::TransientError& error) {
    log_.warning("request could not be carried out now",
                 {{"route", route.pattern}, {"reason", error.what()}});
    return problem_response(
        wire::problem::unavailable("The service is busy or recovering. Try again.", kRetryAfter));
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    // `what` says so already.
  }
  const std::string error_id = base::random_text(kErrorIdLength);
  log_.error("request failed",
             {{"error_id", error_id}, {"route", route.pattern}, {"reason", what}});
  wire::Problem problem = wire::problem::internal();
  problem.detail += " Error id: " + error_id + ".";
  return problem_response(problem);
}

}  // namespace http
