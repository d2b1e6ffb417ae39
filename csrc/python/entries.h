// Tables whose schema texts are put together when the module is loaded.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "python/bind.h"

namespace kajo::python {

class Entries {
  public:
    // Nothing is added where there is no function.
    void add(std::string schema, Invoke invoke, uint32_t flags) {
        if (!invoke) return;
        schemas_.push_back(std::move(schema));
        entries_.push_back({schemas_.back().c_str(), invoke, flags});
    }
    void add(const OpEntry& entry) { entries_.push_back(entry); }
    std::span<const OpEntry> all() const { return entries_; }

  private:
    std::deque<std::string> schemas_;  // does not move what it holds
    std::vector<OpEntry> entries_;
};

}  // namespace kajo::python
