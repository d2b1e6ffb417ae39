#include "autograd/node.h"

#include <atomic>

#include "autograd/engine.h"
#include "autograd/forward.h"
#include "autograd/meta.h"

namespace kajo {

namespace {
std::atomic<uint64_t> next_sequence{0};
}

Node::Node() : sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)) {
    made_at = current_source_location();
    if (AnomalyMode::enabled && AnomalyMode::stack)
        ensure_extras().anomaly_trace = AnomalyMode::stack();
}

Node::~Node() {
    if (python_object && release_python_object) release_python_object(this);
}

// A node's edges and saved tensors may hold the last reference to the next node, and so on for a
// million nodes: they are queued here instead of destroyed inside each other.
void destroy(Node* node) {
    if (node->is_still_seen()) return;
    static thread_local std::vector<Node*> doomed;
    static thread_local bool running = false;
    doomed.push_back(node);
    if (running) return;
    running = true;
    while (!doomed.empty()) {
        Node* next = doomed.back();
        doomed.pop_back();
        delete next;
    }
    running = false;
    if (doomed.capacity() > 4096) std::vector<Node*>().swap(doomed);
}

std::vector<SavedTensorHooks>& saved_tensor_hooks() {
    static thread_local std::vector<SavedTensorHooks> hooks;
    return hooks;
}

namespace {
Tensor without_history(const Tensor& t) {
    Tensor out = detach(t);
    if (ForwardMode::enabled()) copy_tangents(t, out);
    return out;
}

Tensor with_history(const Tensor& t, const NodeRef& maker, uint32_t output) {
    Tensor out = without_history(t);
    AutogradMeta& meta = ensure_meta(out);
    meta.grad_fn = maker;
    meta.output = output;
    meta.requires_grad = true;
    return out;
}
}  // namespace

SavedTensor::SavedTensor(const Tensor& t, int output_index) : output_index_(output_index) {
    if (!t.defined()) return;
    check(!t.impl()->inference,
          "Inference tensors cannot be saved for backward. To work around you can make a clone to "
          "get "
          "a normal tensor and use it in autograd.");
    // An output must not hold its own history alive.
    const Tensor kept = output_index >= 0 ? without_history(t) : t;
    const auto& hooks = saved_tensor_hooks();
    if (!hooks.empty() && hooks.back().pack) {
        const uint32_t before = kept.version();
        // What a hook gives back has no history of its own, or another one: higher derivatives take
        // the history of what was saved.
        packed_ = std::make_shared<std::function<Tensor()>>([unpack = hooks.back().unpack,
                                                             inner = hooks.back().pack(kept),
                                                             edge = gradient_edge(kept)] {
            Tensor found = unpack(inner);
            if (!edge.node || !found.defined() || gradient_edge(found).node == edge.node)
                return found;
            return with_history(found, edge.node, edge.output);
        });
        check(kept.version() == before,
              "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
              "to pack hook cannot be modified by in-place operations; clone() them first.");
        return;
    }
    version_ = t.version();
    data_ = kept;
}

void SavedTensor::reset() {
    data_.reset();
    packed_.reset();
}

namespace {
[[noreturn]] void raise_stale(const Tensor& t, uint32_t saved_version, const Node* owner) {
    const Storage& storage = *t.storage();
    const std::string saved_where = owner ? describe_source_location(owner->made_at) : "";
    const std::string written_where = describe_source_location(storage.last_write);
    std::ostringstream text;
    text << "one of the variables needed for gradient computation has been modified by an inplace "
            "operation: [kajo."
         << info(t.dtype()).tensor_name << "Tensor " << t.sizes() << "]";
    if (NodeRef maker = grad_fn(t))
        text << ", which is output " << meta_of(t)->output << " of " << maker->name();
    text << ", is at version " << t.version() << "; expected version " << saved_version
         << " instead. It was saved by " << (owner ? owner->name() : "a node");
    if (!saved_where.empty()) text << " (" << saved_where << ")";
    if (storage.last_writer) {
        text << " and then changed by " << storage.last_writer;
        if (!written_where.empty()) text << " (" << written_where << ")";
    }
    text << ". Clone the tensor before changing it, or use the operation that is not in-place.";
    raise(ErrorKind::Runtime, text.str());
}
}  // namespace

Tensor SavedTensor::unpack(Node* owner) const {
    Tensor t = packed_ ? (*packed_)() : data_;
    if (!t.defined()) return t;
    if (!packed_ && t.version() != version_) raise_stale(t, version_, owner);
    if (output_index_ < 0) return t;
    return with_history(t, NodeRef(owner), static_cast<uint32_t>(output_index_));
}

}  // namespace kajo
