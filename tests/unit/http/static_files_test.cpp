#include "http/static_files.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

using http::Request;
using http::Response;
using http::StaticFiles;

namespace {

const std::array<base::EmbeddedFile, 5> kPage{{{"index.html", "<!doctype html>"},
                                               {"docs/index.html", "<title>docs</title>"},
                                               {"assets/main-4f2a.js", "run();"},
                                               {"favicon.svg", "<svg/>"},
                                               {"other.svg", "<svg />"}}};

Response ask(const std::string& path, http::Headers headers = {}) {
  Request request;
  request.method = "GET";
  request.path = path;
  request.headers = std::move(headers);
  return StaticFiles{kPage}.serve(request);
}

std::string header(const Response& response, const std::string& wanted) {
  for (const auto& [name, value] : response.headers) {
    if (name == wanted) return value;
  }
  return "";
}

}  // namespace

TEST_CASE("the root is the page, with a policy that lets nothing foreign in", "[unit][http]") {
  const Response page = ask("/");
  CHECK(page.status == 200);
  CHECK(page.body == "<!doctype html>");
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(header(page, "Cache-Control") == "no-cache");
  const std::string policy = header(page, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
}

TEST_CASE("a folder's page is served under the folder's name", "[unit][http]") {
  const Response page = ask("/docs");
  CHECK(page.status == 200);
  CHECK(page.body == "<title>docs</title>");
  CHECK_FALSE(header(page, "Content-Security-Policy").empty());
  CHECK(ask("/docs/other").status == 404);
  CHECK(ask("/assets").status == 404);
  CHECK(ask("").status == 404);
}

TEST_CASE("hashed files are kept for ever, others asked for again", "[unit][http]") {
  const Response script = ask("/assets/main-4f2a.js");
  CHECK(script.content_type == "text/javascript; charset=utf-8");
  CHECK(header(script, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(header(ask("/favicon.svg"), "Cache-Control") == "no-cache");
}

TEST_CASE("a file the client has is not sent again", "[unit][http]") {
  const std::string etag = header(ask("/favicon.svg"), "ETag");
  REQUIRE(etag.starts_with('"'));
  CHECK(etag != header(ask("/other.svg"), "ETag"));

  for (const std::string& sent : {etag, "W/" + etag, "\"old\", " + etag, std::string{"*"}}) {
    CAPTURE(sent);
    const Response again = ask("/favicon.svg", {{"if-none-match", sent}});
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header(again, "ETag") == etag);
  }
  CHECK(ask("/other.svg", {{"if-none-match", etag}}).status == 200);
}

TEST_CASE("only embedded files are served", "[unit][http]") {
  for (const char* path : {"/etc/passwd", "/assets", "/assets/", "/index.html/", "/INDEX.HTML"}) {
    CAPTURE(path);
    CHECK(ask(path).status == 404);
  }
}
