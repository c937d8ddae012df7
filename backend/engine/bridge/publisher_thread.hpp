#pragma once

#include <memory>

namespace engine::bridge {

/// The thread on which publisher connections read and write their sockets; any number of them share
/// it, since none ever waits. Destroyed after all of them.
class PublisherThread {
 public:
  struct Io;

  PublisherThread();
  ~PublisherThread();
  PublisherThread(const PublisherThread&) = delete;
  PublisherThread& operator=(const PublisherThread&) = delete;

  [[nodiscard]] Io& io() { return *io_; }

 private:
  std::unique_ptr<Io> io_;
};

}  // namespace engine::bridge
