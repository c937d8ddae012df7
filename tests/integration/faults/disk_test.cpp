// The disk is full: what was confirmed is there, the rest is refused, and with room all goes on.
#include "base/error.hpp"
#include "faults_case.hpp"
#include "pg/error.hpp"
#include "support/small_disk.hpp"

using namespace faults_test;

namespace {

struct OwnDisk {
  support::SmallDisk disk{400};
};

class DiskCase : private OwnDisk, public FaultsCase {
 public:
  DiskCase() : FaultsCase{OwnDisk::disk.path()} {}

  support::SmallDisk& disk() { return OwnDisk::disk; }

  /// Leaves room to the log alone: the rest of a file of 16 MiB that was begun just now.
  void fill_all_but_log() {
    onlooker().query("select pg_switch_wal(), txid_current()");
    onlooker().query("create table first_of_its_file ()");
    disk().fill();
  }

  /// Whether the server finds no room for one more commit of 100 jobs.
  bool refuses_a_commit() {
    try {
      accept(100);
      return false;
    } catch (const pg::TransientError& error) {
      return error.sqlstate() == "53100";  // disk_full
    }
  }

  /// Takes file after file of the log, until there is none.
  bool has_ended_for_want_of_log() {
    if (postgres().has_ended()) return true;
    try {
      reconnect();
      while (true) onlooker().query("select pg_switch_wal(), txid_current()");
    } catch (const base::Error&) {  // It has ended, or recovers.
      return postgres().has_ended();
    }
  }
};

}  // namespace

TEST_CASE_METHOD(DiskCase,
                 "a full disk refuses jobs and loses none, and with room all goes on",
                 "[.root][integration][jobs][faults]") {
  CAPTURE(seed());
  accept_a_thousand();
  const auto worker = start();
  fill_all_but_log();
  JobProcess accepter = start_accepter();
  REQUIRE(eventually([&] { return refuses_a_commit(); }));
  CHECK(accepter.confirmed().size() < 2 * kJobs);
  CHECK_NOTHROW(open_jobs());  // Reading goes on.
  disk().free();
  check_all_of(accepter);
}

TEST_CASE_METHOD(DiskCase,
                 "a full log ends PostgreSQL, and with room nothing is missing",
                 "[.root][integration][jobs][faults]") {
  CAPTURE(seed());
  accept_a_thousand();
  const auto worker = start();
  JobProcess accepter = start_accepter();
  REQUIRE(eventually([&] { return !accepter.confirmed().empty(); }));
  disk().fill();
  REQUIRE(eventually([&] { return has_ended_for_want_of_log(); }, 60s));
  disk().free();
  postgres().start_again();
  reconnect();
  check_all_of(accepter);
}
