#include "main/embedded/data_directory.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

using embedded::DataDirectory;
using support::content_of;
using support::ScratchFolder;

namespace {

std::string refusal(const std::filesystem::path& path) {
  try {
    const DataDirectory data{path};
    return "accepted";
  } catch (const base::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a new data directory is private, marked, and opens again", "[integration][data]") {
  const ScratchFolder scratch;
  const auto path = scratch.path() / "some" / "data";
  { const DataDirectory first{path}; }
  const DataDirectory again{path};

  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms{0700});
  const auto mark = base::Json::parse(content_of(path / "earshot.json"));
  CHECK(mark["earshot"] == 1);
  CHECK(mark["created_at"].get<std::string>().size() == 24);
  CHECK(again.path() == std::filesystem::canonical(path));
}

TEST_CASE("a directory with somebody's files is refused and left alone", "[integration][data]") {
  const ScratchFolder scratch;
  std::ofstream{scratch.path() / "letter"} << "dear";
  CHECK(refusal(scratch.path()) == scratch.path().string() +
                                       " is not empty and was not made by earshot: choose an empty "
                                       "or new directory with --data-dir");
  CHECK(std::distance(std::filesystem::directory_iterator{scratch.path()}, {}) == 1);
}

TEST_CASE("what a killed first start leaves is taken over", "[integration][data]") {
  const ScratchFolder scratch;
  std::ofstream{scratch.path() / "earshot.json.new"} << "{\"ear";
  std::filesystem::create_directory(scratch.path() / "lost+found");
  CHECK(refusal(scratch.path()) == "accepted");
}

TEST_CASE("a newer, a damaged and an impossible directory are each named", "[integration][data]") {
  const ScratchFolder scratch;
  std::ofstream{scratch.path() / "earshot.json"} << R"({"earshot": 2})";
  CHECK(refusal(scratch.path())
            .starts_with(scratch.path().string() + " was made by a newer earshot (layout 2"));
  std::ofstream{scratch.path() / "earshot.json"} << R"({"earshot": "x")";
  CHECK(refusal(scratch.path()).find("is damaged") != std::string::npos);
  CHECK(refusal("/proc/nothing/data").starts_with("cannot make the data directory"));
  CHECK(refusal(scratch.path() / "earshot.json").find("--data-dir") != std::string::npos);
  CHECK(refusal(scratch.path() / "a\nb").find("control character") != std::string::npos);
}

TEST_CASE("a second earshot on one directory is told who is there", "[integration][data]") {
  const ScratchFolder scratch;
  {
    const DataDirectory first{scratch.path()};
    CHECK(refusal(scratch.path()) == "another earshot (pid " + std::to_string(::getpid()) +
                                         ") is using " + scratch.path().string() +
                                         ": stop it, or choose another with --data-dir");
  }
  CHECK(refusal(scratch.path()) == "accepted");
}

TEST_CASE("the place for sockets is short and private however long the directory's name",
          "[integration][data]") {
  const ScratchFolder scratch;
  const DataDirectory data{scratch.path() / std::string(120, 'a') / std::string(120, 'b')};
  CHECK(data.runtime_path().string().size() <= 90);
  CHECK(std::filesystem::status(data.runtime_path()).permissions() == std::filesystem::perms{0700});
}

TEST_CASE("a place for sockets that others could enter is refused", "[integration][data]") {
  const ScratchFolder scratch;
  std::filesystem::path runtime;
  {
    const DataDirectory data{scratch.path()};
    runtime = data.runtime_path();
  }
  CHECK_FALSE(std::filesystem::exists(runtime));
  std::filesystem::create_directory(runtime);
  std::filesystem::permissions(runtime, std::filesystem::perms{0777});
  CHECK(refusal(scratch.path()).find("belongs to somebody else") != std::string::npos);
  std::filesystem::remove(runtime);
}
