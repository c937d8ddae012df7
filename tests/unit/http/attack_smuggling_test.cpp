// S1: a second request must never ride on the first.
#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using http_test::Answer;
using http_test::Attack;
using http_test::AttackedServer;
using http_test::get;
using http_test::length_of;
using http_test::post;
using http_test::RawClient;
using http_test::smuggled;
using http_test::thing;

namespace {

const std::string kJson = "Content-Type: application/json\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

std::vector<Attack> bodies_without_place() {
  const std::string length = length_of(smuggled());
  return {
      {"GET with a body", {thing("GET", length), smuggled()}, {400}},
      {"GET with a body in one segment", {thing("GET", length) + smuggled()}, {400}},
      {"HEAD with a body", {thing("HEAD", length), smuggled()}, {400}},
      {"OPTIONS with a body", {thing("OPTIONS", length), smuggled()}, {400}},
      {"DELETE with a body", {thing("DELETE", length), smuggled()}, {400}},
      {"a body for nobody", {post("/v1/nowhere", smuggled())}, {404}},
      {"a body for the wrong method", {post("/v1/things/7", smuggled())}, {405}},
      {"a body without a type", {thing("POST", length), smuggled()}, {415}},
      {"no length", {thing("POST", kJson), smuggled()}, {411}},
      {"asked for with a refusal",
       {thing("POST", "Expect: 100-continue\r\nContent-Length: 999999\r\n"), smuggled()},
       {413}},
  };
}

std::vector<Attack> two_lengths() {
  const std::string chunk = "0\r\n\r\n" + smuggled();
  const auto posted = [](const std::string& headers) { return thing("POST", kJson + headers); };
  return {
      {"DELETE, chunked", {thing("DELETE", kChunked), chunk}, {400}},
      {"POST, chunked", {posted(kChunked), chunk}, {400}},
      {"length, then chunks", {posted("Content-Length: 4\r\n" + kChunked), chunk}, {400}},
      {"chunks, then length", {posted(kChunked + "Content-Length: 4\r\n"), chunk}, {400}},
      {"two lengths", {posted("Content-Length: 0\r\n" + length_of(smuggled())), smuggled()}, {400}},
      {"two lengths of one value", {posted("Content-Length: 2\r\nContent-Length: 2\r\n")}, {400}},
      {"a list of lengths", {posted("Content-Length: 2, 2\r\n"), smuggled()}, {400}},
      {"an encoded length", {posted("Content-Length: %33\r\n"), smuggled()}, {400}},
      {"a signed length", {posted("Content-Length: +2\r\n"), smuggled()}, {400}},
      {"a negative length", {posted("Content-Length: -1\r\n"), smuggled()}, {400}},
      {"a hexadecimal length", {posted("Content-Length: 0x2\r\n"), smuggled()}, {400}},
      {"a length with more behind it", {posted("Content-Length: 2 2\r\n"), smuggled()}, {400}},
      {"a length and a space", {posted("Content-Length : 2\r\n"), smuggled()}, {400}},
      {"a folded length", {posted("Content-Length:\r\n 2\r\n"), smuggled()}, {400}},
      {"encoded chunks", {posted("Transfer-Encoding: %63hunked\r\n"), chunk}, {400}},
      {"TE and a space", {posted("Transfer-Encoding : chunked\r\n"), chunk}, {400}},
      {"TE after a vertical tab",
       {posted("Transfer-Encoding: \x0b"
               "chunked\r\n"),
        chunk},
       {400}},
      {"TE in another case", {posted("TRANSFER-ENCODING: Chunked\r\n"), chunk}, {400}},
      {"TE identity", {posted("Transfer-Encoding: identity\r\nContent-Length: 2\r\n")}, {400}},
      {"a chunk extension", {posted(kChunked), "5;a=\n" + chunk}, {400}},
      {"TE in HTTP/1.0",
       {"POST /v1/things HTTP/1.0\r\nHost: a\r\n" + kChunked + "\r\n", chunk},
       {400}},
  };
}

std::vector<Attack> bare_lines() {
  return {
      {"line feeds only", {"GET /v1/nowhere HTTP/1.1\nHost: a\n\n", smuggled()}, {400}},
      {"a carriage return alone", {"GET / HTTP/1.1\rHost: a\r\n\r\n", smuggled()}, {400}},
      {"an empty line first", {"\r\n" + get("/v1/things/7")}, {400}},
      {"a header named by nothing", {get("/", ": 1\r\n"), smuggled()}, {400}},
      {"a folded header", {get("/", "X: 1\r\n Content-Length: 2\r\n"), smuggled()}, {400}},
      {"two hosts", {get("/", "Host: b\r\n"), smuggled()}, {400}},
  };
}

}  // namespace

TEST_CASE_METHOD(AttackedServer,
                 "S1: a body that has no place is never a request",
                 "[unit][http]") {
  for (const Attack& attack : bodies_without_place()) check_refused(attack);
}

TEST_CASE_METHOD(AttackedServer, "S1: no body has two lengths", "[unit][http]") {
  for (const Attack& attack : two_lengths()) check_refused(attack);
}

TEST_CASE_METHOD(AttackedServer, "S1: lines end in one way only", "[unit][http]") {
  for (const Attack& attack : bare_lines()) check_refused(attack);
}

TEST_CASE_METHOD(AttackedServer, "S1: however bytes are split, it is the same", "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  std::vector<Attack> attacks = two_lengths();
  for (Attack& attack : bodies_without_place()) attacks.push_back(std::move(attack));
  for (Attack& attack : bare_lines()) attacks.push_back(std::move(attack));
  for (Attack attack : attacks) {
    std::string all;
    for (const std::string& segment : attack.segments) all += segment;
    attack.segments.clear();
    while (!all.empty()) {
      const std::size_t size = 1 + random() % 9;
      attack.segments.push_back(all.substr(0, size));
      all.erase(0, size);
    }
    check_refused(attack);
  }
}

TEST_CASE_METHOD(AttackedServer, "S1: what follows a refusal is never run", "[unit][http]") {
  RawClient client{port()};
  std::string many;
  for (int count = 0; count < 50; ++count) many += smuggled();
  client.send(thing("GET", length_of("{}")) + "{}" + many);
  CHECK(client.receive().status == 400);
  CHECK(client.is_closed());
  CHECK(runs() == 0);
}
