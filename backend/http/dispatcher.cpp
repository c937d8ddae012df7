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

Response allow_only(std::string_view methods) {
  Response response{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  response.headers.emplace_back("Allow", methods);
  return response;
}

/// The whole answer where the handler has no part in it.
std::optional<Response> answer_early(const Request& request, const Router::Match& match) {
  if (match.route == nullptr && match.allow.empty()) {
    return problem_response(wire::problem::not_found("resource"));
  }
  if (!may_have_body(request.method) && declared_length(request.headers).value_or(0) > 0) {
    return problem_response(
        transport_problem::malformed_request("A request with this method has no body."));
  }
  if (match.route == nullptr && request.method == "OPTIONS") return allow_only(match.allow);
  if (match.route == nullptr) {
    Response response = problem_response(wire::problem::method_not_allowed(match.allow));
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  if (may_have_body(request.method)) {
    if (const auto problem = refuse_body(request, match.route->options)) {
      return problem_response(*problem);
    }
  }
  return std::nullopt;
}

void add_common_headers(Response& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (!response.has_header("Cache-Control")) {
    response.headers.emplace_back("Cache-Control", "no-store");
  }
  // RFC 9110, section 15.5.6. Where no route was found, any resource's methods are meant.
  if (response.status == 405 && !response.has_header("Allow")) {
    response.headers.emplace_back("Allow", kKnownMethods);
  }
}

}  // namespace

Dispatcher::Dispatcher(Router router, CorsOptions cors, const base::Log& log)
    : router_{std::move(router)}, cors_{std::move(cors)}, log_{log} {}

base::Result<Admission, EarlyAnswer> Dispatcher::admit(RequestHead head,
                                                       std::string remote_address,
                                                       std::stop_token stopping) const {
  if (head.method == "OPTIONS" && head.target == "*") {
    // RFC 9110, section 9.3.7: asked about the server, not about a resource.
    return base::fail(EarlyAnswer{complete(allow_only(kKnownMethods), head.headers)});
  }
  auto target = parse_target(head.target);
  if (!target) {
    return base::fail(EarlyAnswer{
        .response = refuse(target.error(), head.headers), .route = {}, .is_malformed = true});
  }

  Router::Match match = router_.find(head.method, target->segments);
  const std::string_view route = match.route != nullptr ? match.route->pattern : std::string_view{};
  Request request{.method = std::move(head.method),
                  .path = joined_path(target->segments),
                  .path_parameters = std::move(match.path_parameters),
                  .query = std::move(target->query),
                  .headers = std::move(head.headers),
                  .body = {},
                  .remote_address = std::move(remote_address),
                  .stopping = std::move(stopping)};
  if (auto answer = answer_early(request, match)) {
    const bool asks = is_preflight(request.method, request.headers);
    // 411: whether it has a body is not known.
    const bool is_malformed = answer->status == 400 || answer->status == 411;
    return base::fail(EarlyAnswer{
        complete(std::move(*answer), request.headers, asks ? match.allow : std::string_view{}),
        route,
        is_malformed});
  }
  const auto body_bytes = declared_length(request.headers).value_or(0);
  return Admission{.route = match.route,
                   .request = std::move(request),
                   .body_bytes = static_cast<std::size_t>(body_bytes)};
}

void Dispatcher::handle(const Admission& admission, Reply reply) const {
  Response response = run_handler(*admission.route, admission.request);
  if (!response.later) return reply(complete(std::move(response), admission.request.headers));
  response.later([this, reply = std::move(reply), headers = admission.request.headers](
                     Response known) { reply(complete(std::move(known), headers)); });
}

Response Dispatcher::refuse(const wire::Problem& problem, const Headers& headers) const {
  return complete(problem_response(problem), headers);
}

Response Dispatcher::complete(Response response,
                              const Headers& headers,
                              std::string_view preflight_methods) const {
  add_common_headers(response);
  add_cors_headers(response, headers, cors_, preflight_methods);
  return response;
}

// What went wrong is for the log; the client gets an id to quote.
Response Dispatcher::run_handler(const Route& route, const Request& request) const {
  std::string what = "an exception of unknown type";
  try {
    return route.handle(request);
  } catch (const base::TransientError& error) {
    log_.warning(
        "request could not be carried out now",
        {{"route", route.pattern}, {"request_id", request.request_id}, {"reason", error.what()}});
    return problem_response(
        wire::problem::unavailable("The service is busy or recovering. Try again.", kRetryAfter));
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    // `what` says so already.
  }
  const std::string error_id = base::random_text(kErrorIdLength);
  log_.error("request failed",
             {{"error_id", error_id},
              {"route", route.pattern},
              {"request_id", request.request_id},
              {"reason", what}});
  wire::Problem problem = wire::problem::internal();
  problem.detail += " Error id: " + error_id + ".";
  return problem_response(problem);
}

}  // namespace http
