#include "engine/bridge/publisher_thread.hpp"

#include "engine/bridge/publisher_io.hpp"

namespace engine::bridge {

PublisherThread::PublisherThread() : io_{std::make_unique<Io>()} {}

PublisherThread::~PublisherThread() {
  io_->context.stop();
  io_->thread.join();
}

}  // namespace engine::bridge
