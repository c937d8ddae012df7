#include "broker/plugin/access_policy.hpp"

#include <catch2/catch.hpp>

#include <string>

using broker::may_connect_as;
using broker::may_publish;
using broker::may_subscribe;

namespace {

const wire::Caller kAnn = *wire::Caller::from("own", "ann");

}  // namespace

TEST_CASE("what may be subscribed to", "[unit][broker]") {
  for (const char* filter : {"earshot/v1/geo/9q8/y/#",
                             "earshot/v1/geo/9q8/y/y/#",
                             "earshot/v1/geo/9q8/y/y/k/9",
                             "earshot/v1/geo/9q8/y/+/k/9",
                             "earshot/v1/geo/9q8/y/+/#",
                             "earshot/v1/geo/9q8/y/+/+/+",
                             "earshot/v1/head/9q8/y/#",
                             "earshot/v1/head/9q8/y/y",
                             "earshot/v1/head/9q8/y/+",
                             "earshot/v1/users/own-ann/#",
                             "earshot/v1/users/own-ann/jobs/+",
                             "earshot/v1/users/own-ann/jobs/0123456789abc",
                             "earshot/v1/users/own-ann/replies",
                             "earshot/v1/users/own-ann/+/#",
                             "earshot/v1/token/own-ann",
                             "earshot/v1/status"}) {
    CAPTURE(filter);
    CHECK(may_subscribe(kAnn, filter));
  }
}

TEST_CASE("what may not be subscribed to", "[unit][broker]") {
  for (const char* filter : {"",
                             "#",
                             "+",
                             "/",
                             "+/#",
                             "+/v1/geo/9q8/y/#",
                             "earshot",
                             "earshot/#",
                             "earshot/+/geo/9q8/y/#",
                             "earshot/v1",
                             "earshot/v1/",
                             "earshot/v1/#",
                             "earshot/v1/+",
                             "earshot/v1/+/9q8/y/#",
                             "earshot/v1/geo",
                             "earshot/v1/geo/",
                             "earshot/v1/geo/#",
                             "earshot/v1/geo/+/#",
                             "earshot/v1/geo/+/y/y/k/9",
                             "earshot/v1/geo/9q8",
                             "earshot/v1/geo/9q8/",
                             "earshot/v1/geo/9q8/#",
                             "earshot/v1/geo/9q8/+",
                             "earshot/v1/geo/9q8/+/#",
                             "earshot/v1/geo/9q8/+/y/k/9",
                             "earshot/v1/geo/9q8/y",
                             "earshot/v1/geo/9q8/y/",
                             "earshot/v1/geo/9q8/y/+",
                             "earshot/v1/geo/9q8/y//#",
                             "earshot/v1/geo/9q8/y/y/k/9/#",
                             "earshot/v1/geo/9q8/y/y/k/9/z",
                             "earshot/v1/geo/9q8/y/y/k/9/",
                             "earshot/v1/geo/9q8yyk9",
                             "earshot/v1/geo/9Q8/y/#",
                             "earshot/v1/geo/9q8/Y/#",
                             "earshot/v1/geo/9qa/y/#",
                             "earshot/v1/geo/9q8/a/#",
                             "earshot/v1/geo/9q8/yy/#",
                             "earshot/v1/geo/9q/y/#",
                             "earshot/v1/geo/9q8/y/#/x",
                             "earshot/v1/geo/9q8/y#",
                             "earshot/v1/geo/9q8/y/../x",
                             "earshot/v1/head/#",
                             "earshot/v1/head/9q8/#",
                             "earshot/v1/head/9q8/y/y/k",
                             "earshot/v1/head/9q8/y/y/#/#",
                             "earshot/v1/users/#",
                             "earshot/v1/users/+/jobs/+",
                             "earshot/v1/users/own-bob/#",
                             "earshot/v1/users/own-annx/#",
                             "earshot/v1/users/own-an/#",
                             "earshot/v1/users/own-ann",
                             "earshot/v1/users/own-ann/",
                             "earshot/v1/users/own-ann//x",
                             "earshot/v1/users//own-ann/#",
                             "earshot/v1/token/own-bob",
                             "earshot/v1/token/+",
                             "earshot/v1/token/#",
                             "earshot/v1/token/own-ann/#",
                             "earshot/v1/status/#",
                             "earshot/v1/status/",
                             "earshot/v1/ingest/own-ann/a/b",
                             "earshot/v1/ingest/own-ann/#",
                             "earshot/v2/geo/9q8/y/#",
                             "earshotx/v1/geo/9q8/y/#",
                             "/earshot/v1/geo/9q8/y/#",
                             "$SYS/#",
                             "$SYS/broker/clients/connected",
                             "$CONTROL/#",
                             "$CONTROL/earshot/v1",
                             "$share/g/#",
                             "$share/g/earshot/v1/geo/9q8/y/#",
                             "$share/g/earshot/v1/status",
                             "$queue/earshot/v1/status"}) {
    CAPTURE(filter);
    CHECK_FALSE(may_subscribe(kAnn, filter));
  }
  std::string deep = "earshot/v1/geo/9q8/y";
  for (int i = 0; i < 200; ++i) deep += "/y";
  CHECK_FALSE(may_subscribe(kAnn, deep));
  CHECK_FALSE(may_subscribe(kAnn, "earshot/v1/users/own-ann/" + std::string(500, 'x')));
  CHECK_FALSE(may_subscribe(kAnn, std::string{"earshot/v1/geo/9q8/y/#\0", 23}));
  CHECK_FALSE(may_subscribe(kAnn, std::string{"earshot/v1/status\0", 18}));
}

TEST_CASE("how much of a place a filter must fix can be set", "[unit][broker]") {
  CHECK(may_subscribe(kAnn, "earshot/v1/geo/#", {.geo_letters_min = 0}));
  CHECK(may_subscribe(kAnn, "earshot/v1/geo/+/#", {.geo_letters_min = 0}));
  CHECK_FALSE(may_subscribe(kAnn, "earshot/v1/#", {.geo_letters_min = 0}));
  CHECK(may_subscribe(kAnn, "earshot/v1/geo/9q8/#", {.geo_letters_min = 3}));
  CHECK_FALSE(may_subscribe(kAnn, "earshot/v1/geo/#", {.geo_letters_min = 3}));
  CHECK_FALSE(may_subscribe(kAnn, "earshot/v1/geo/9q8/y/#", {.geo_letters_min = 5}));
  CHECK(may_subscribe(kAnn, "earshot/v1/geo/9q8/y/y/#", {.geo_letters_min = 5}));
}

TEST_CASE("what may be published", "[unit][broker]") {
  CHECK(may_publish(kAnn, "earshot/v1/ingest/own-ann/echo/say", false));
  CHECK(may_publish(kAnn, "$CONTROL/earshot/v1", false));
  for (const char* topic : {"",
                            "earshot/v1/geo/9q8/y/y/k/9",
                            "earshot/v1/head/9q8/y/y",
                            "earshot/v1/status",
                            "earshot/v1/users/own-ann/replies",
                            "earshot/v1/token/own-ann",
                            "earshot/v1/ingest/own-bob/echo/say",
                            "earshot/v1/ingest/own-ann",
                            "earshot/v1/ingest/own-ann/echo",
                            "earshot/v1/ingest/own-ann/echo/",
                            "earshot/v1/ingest/own-ann//say",
                            "earshot/v1/ingest/own-ann/echo/say/",
                            "earshot/v1/ingest/own-ann/echo/say/x",
                            "earshot/v1/ingest/own-ann/ec ho/say",
                            "$SYS/broker/x",
                            "$CONTROL/earshot/v1/x",
                            "$CONTROL/dynamic-security/v1",
                            "a"}) {
    CAPTURE(topic);
    CHECK_FALSE(may_publish(kAnn, topic, false));
  }
  CHECK_FALSE(may_publish(kAnn, "earshot/v1/ingest/own-ann/echo/say", true));
  CHECK_FALSE(may_publish(kAnn, "$CONTROL/earshot/v1", true));
}

TEST_CASE("a client id belongs to its caller", "[unit][broker]") {
  CHECK(may_connect_as(kAnn, "own-ann.x"));
  CHECK(may_connect_as(kAnn, "own-ann.x.y-Z_9"));
  CHECK(may_connect_as(kAnn, "own-ann." + std::string(248, 'x')));
  for (const char* id : {"",
                         "own-ann",
                         "own-ann.",
                         "own-annx",
                         "own-ann-x",
                         "own-bob.x",
                         "x",
                         "own-ann.+",
                         "own-ann.#",
                         "own-ann./",
                         "own-ann. ",
                         "relay-0"}) {
    CAPTURE(id);
    CHECK_FALSE(may_connect_as(kAnn, id));
  }
  CHECK_FALSE(may_connect_as(kAnn, "own-ann." + std::string(249, 'x')));
  CHECK_FALSE(may_connect_as(kAnn, "own-ann." + std::string(64 * 1024, 'x')));
  CHECK_FALSE(may_connect_as(kAnn, std::string{"own-ann.x\0", 10}));
}
