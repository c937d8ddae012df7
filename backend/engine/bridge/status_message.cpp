#include "engine/bridge/status_message.hpp"

#include "engine/jobs/job_view.hpp"
#include "wire/topic.hpp"

namespace engine::bridge {

StatusMessage status_message(const jobs::JobStatus& status) {
  base::Json view = jobs::job_view(status);
  StatusMessage message{.topic = view.at("topic").get<std::string>(),
                        .payload = base::to_text(view)};
  if (message.payload.size() > kStatusBytesMax) {
    view.erase("partial");
    view.erase("result");
    view["truncated"] = true;
    message.payload = base::to_text(view);
  }
  return message;
}

}  // namespace engine::bridge
