#include "python/autograd.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "autograd/attach.h"
#include "autograd/engine.h"
#include "autograd/forward.h"
#include "core/launch.h"
#include "core/shape.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "python/bind.h"
#include "python/program_place.h"

namespace kajo::python {

namespace {

// ---- nodes as Python objects
// -------------------------------------------------------------------------------

struct NodeObject {
    PyObject_HEAD Node* node;
    bool owns;  // contexts of user functions are owned by their node instead
};

extern PyTypeObject node_type;

NodeObject* node_object(PyObject* o) { return reinterpret_cast<NodeObject*>(o); }
Node& node_of(PyObject* o) {
    check(node_object(o)->node != nullptr,
          "this graph node is gone: the graph that it belonged to was freed");
    return *node_object(o)->node;
}

void node_dealloc(PyObject* self) {
    NodeObject* o = node_object(self);
    if (Node* node = std::exchange(o->node, nullptr)) {
        node->python_object = nullptr;
        if (o->owns) NodeRef::adopt(node).reset();
    }
    Py_TYPE(self)->tp_free(self);
}

// The node dies before a wrapper that does not own it.
void forget_wrapper(Node* node) {
    if (!Py_IsInitialized()) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    node_object(static_cast<PyObject*>(node->python_object))->node = nullptr;
    PyGILState_Release(state);
}

// One class a node name, so that type(t.grad_fn).__name__ tells it.
PyTypeObject* class_for(const char* name) {
    static std::unordered_map<std::string, PyTypeObject*> classes;
    PyTypeObject*& slot = classes[name];
    if (!slot)
        slot = reinterpret_cast<PyTypeObject*>(
            PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(O){ss}", name,
                                  &node_type, "__module__", "kajo.autograd.graph"));
    if (!slot) throw PythonError{};
    return slot;
}

// ---- hooks
// ---------------------------------------------------------------------------------------------------

// Holds a callable; its last copy may die on a thread without the lock.
std::shared_ptr<PyObject> keep(PyObject* callable) {
    return {Py_NewRef(callable), [](PyObject* o) {
                if (!Py_IsInitialized()) return;
                const PyGILState_STATE state = PyGILState_Ensure();
                Py_DECREF(o);
                PyGILState_Release(state);
            }};
}

std::function<Tensor(const Tensor&)> tensor_hook(PyObject* callable) {
    return [f = keep(callable)](const Tensor& g) -> Tensor {
        const Object arg = Object::steal(wrap(g));
        const Object result = Object::steal(PyObject_CallOneArg(f.get(), arg.get()));
        if (result.get() == Py_None) return {};
        check_type(is_tensor(result.get()), "expected Variable, but hook returned '",
                   Py_TYPE(result.get())->tp_name, "'");
        const Tensor changed = tensor_of(result.get());
        check(changed.dtype() == g.dtype(), "hook '", Py_TYPE(f.get())->tp_name,
              "' has changed the type of value (was ", info(g.dtype()).tensor_name, "Tensor got ",
              info(changed.dtype()).tensor_name, "Tensor)");
        check(changed.sizes() == g.sizes(), "hook '", Py_TYPE(f.get())->tp_name,
              "' has changed the size of value");
        return changed;
    };
}

Object tuple_of(const TensorList& list) { return Object::steal(to_python(list)); }

TensorList list_of(PyObject* o, const char* what) {
    if (is_tensor(o)) return {tensor_of(o)};
    check_type(PyTuple_Check(o) || PyList_Check(o), what,
               " must be a Tensor or a tuple of Tensors, got ", Py_TYPE(o)->tp_name);
    TensorList out;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++) {
        PyObject* x = PySequence_Fast_GET_ITEM(o, i);
        check_type(x == Py_None || is_tensor(x), what, ": element ", i,
                   " must be a Tensor or None, got ", Py_TYPE(x)->tp_name);
        out.push_back(x == Py_None ? Tensor() : tensor_of(x));
    }
    return out;
}

std::function<TensorList(const TensorList&, const TensorList&)> node_hook(PyObject* callable,
                                                                          bool post) {
    return [f = keep(callable), post](const TensorList& a, const TensorList& b) -> TensorList {
        const Object first = tuple_of(a), second = tuple_of(b);
        const Object result = Object::steal(
            post ? PyObject_CallFunctionObjArgs(f.get(), first.get(), second.get(), nullptr)
                 : PyObject_CallFunctionObjArgs(f.get(), first.get(), nullptr));
        return result.get() == Py_None ? TensorList{} : list_of(result.get(), "hook result");
    };
}

int64_t next_hook_id() {
    static int64_t id = 0;
    return ++id;
}

// ---- the Python face of a node
// ----------------------------------------------------------------------------

PyObject* node_name(PyObject* self, PyObject*) {
    return guarded([&] { return PyUnicode_FromString(node_of(self).name()); });
}
PyObject* node_repr(PyObject* self) {
    return PyUnicode_FromFormat("<%s object at %p>",
                                node_object(self)->node ? node_object(self)->node->name() : "Node",
                                self);
}
PyObject* node_next_functions(PyObject* self, void*) {
    return guarded([&] {
        const Node& n = node_of(self);
        Object out = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(n.edges.size())));
        for (size_t i = 0; i < n.edges.size(); i++)
            PyTuple_SET_ITEM(
                out.get(), static_cast<Py_ssize_t>(i),
                Object::steal(Py_BuildValue("(NI)", wrap_node(n.edges[i].node), n.edges[i].output))
                    .release());
        return out.release();
    });
}
PyObject* node_variable(PyObject* self, void*) {
    return guarded([&]() -> PyObject* {
        const auto* leaf = dynamic_cast<AccumulateGrad*>(&node_of(self));
        if (leaf) return wrap(leaf->variable());
        PyErr_SetString(PyExc_AttributeError, "only AccumulateGrad nodes have a variable");
        throw PythonError{};
    });
}
PyObject* node_sequence(PyObject* self, PyObject*) {
    return guarded([&] { return PyLong_FromUnsignedLongLong(node_of(self).sequence); });
}
PyObject* node_source(PyObject* self, void*) {
    return guarded([&] {
        return PyUnicode_FromString(describe_source_location(node_of(self).made_at).c_str());
    });
}
PyObject* node_metadata(PyObject* self, void*) {
    return guarded([&] {
        std::shared_ptr<void>& metadata = node_of(self).ensure_extras().metadata;
        if (!metadata) metadata = keep(Object::steal(PyDict_New()).get());
        return Py_NewRef(static_cast<PyObject*>(metadata.get()));
    });
}
PyObject* node_requires_grad(PyObject*, void*) { return Py_NewRef(Py_True); }
PyObject* node_saved_tensors(PyObject* self, void*);
PyObject* node_release_saved(PyObject* self, PyObject*);
// Elements that take no room, of the shape and type of an output.
PyObject* node_gradient_like(PyObject* self, PyObject* which) {
    return guarded([&] {
        const Node& n = node_of(self);
        const auto i = static_cast<size_t>(to_int(which));
        check_index(i < n.outputs.size(), n.name(), " has no output ", i);
        const OutputInfo& like = n.outputs[i];
        return wrap(empty_strided(like.sizes, Dims(like.sizes.size(), 0), like.dtype, like.device));
    });
}

template <bool post>
PyObject* node_add_hook(PyObject* self, PyObject* callable) {
    return guarded([&] {
        Node& n = node_of(self);
        const int64_t id = next_hook_id();
        NodeExtras& extras = n.ensure_extras();
        (post ? extras.post_hooks : extras.pre_hooks).push_back({id, node_hook(callable, post)});
        return PyLong_FromLongLong(id);
    });
}
PyObject* node_remove_hook(PyObject* self, PyObject* which) {
    return guarded([&] {
        const int64_t id = to_int(which);
        const Node* n = node_object(self)->node;
        if (n && n->extras)
            for (auto* hooks : {&n->extras->pre_hooks, &n->extras->post_hooks})
                std::erase_if(*hooks, [&](const NodeHook& h) { return h.id == id; });
        return Py_NewRef(Py_None);
    });
}

// A handle of kajo.autograd.graph, which takes the hook away again.
template <bool post>
PyObject* node_register_hook(PyObject* self, PyObject* callable) {
    return guarded([&] {
        const Object id = Object::steal(node_add_hook<post>(self, callable));
        const Object graph = Object::steal(PyImport_ImportModule("kajo.autograd.graph"));
        return PyObject_CallMethod(graph.get(), "NodeHookHandle", "OO", self, id.get());
    });
}

// node(*gradients of its outputs) -> gradients of its inputs
PyObject* node_call(PyObject* self, PyObject* args, PyObject*) {
    return guarded([&] {
        Node& n = node_of(self);
        TensorList grads = list_of(args, "gradients");
        check(grads.size() == n.outputs.size() || n.outputs.empty(), n.name(), " expected ",
              n.outputs.size(), " gradients, got ", grads.size());
        const TensorList results = n.apply(std::move(grads), nullptr);
        return results.size() == 1 ? wrap(results[0]) : to_python(results);
    });
}

PyMethodDef node_methods[] = {
    {"register_hook", node_register_hook<true>, METH_O,
     "Calls hook(grad_inputs, grad_outputs) after the node has run; what it returns takes the "
     "place of grad_inputs."},
    {"register_prehook", node_register_hook<false>, METH_O,
     "Calls hook(grad_outputs) before the node runs; what it returns takes the place of "
     "grad_outputs."},
    {"name", node_name, METH_NOARGS, "The name of the node, such as 'MulBackward0'."},
    {"_gradient_like", node_gradient_like, METH_O, "A tensor of the shape and type of an output."},
    {"_sequence_nr", node_sequence, METH_NOARGS, "Nodes made later have larger numbers."},
    {"_add_hook", node_add_hook<true>, METH_O,
     "Adds a hook on (grad_inputs, grad_outputs); returns its id."},
    {"_add_prehook", node_add_hook<false>, METH_O,
     "Adds a hook on (grad_outputs,); returns its id."},
    {"_remove_hook", node_remove_hook, METH_O, "Removes a hook by its id."},
    {"_release_saved", node_release_saved, METH_NOARGS, "Frees what was saved for backward."},
    {nullptr, nullptr, 0, nullptr}};
PyGetSetDef node_getset[] = {
    {"next_functions", node_next_functions, nullptr,
     "the nodes that gradients flow to, as (node, output) pairs", nullptr},
    {"variable", node_variable, nullptr, "the leaf of an AccumulateGrad node", nullptr},
    {"source", node_source, nullptr, "the program's line that made it", nullptr},
    {"metadata", node_metadata, nullptr, "a dictionary for what the program wants to note",
     nullptr},
    {"requires_grad", node_requires_grad, nullptr, "True: nodes are only made where it is",
     nullptr},
    {"saved_tensors", node_saved_tensors, nullptr, "what a user function saved for backward",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyTypeObject node_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core.Node";
    t.tp_basicsize = sizeof(NodeObject);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
    t.tp_dealloc = node_dealloc;
    t.tp_new = PyType_GenericNew;
    t.tp_repr = node_repr;
    t.tp_call = node_call;
    t.tp_methods = node_methods;
    t.tp_getset = node_getset;
    t.tp_doc = "A step of the graph that backward walks.";
    return t;
}();

// ---- functions defined in Python
// -----------------------------------------------------------------------------

// A tuple of bools, or None for all.
Object flags_of(const Wanted* wanted) {
    if (!wanted) return Object::borrow(Py_None);
    Object out = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(wanted->size())));
    for (size_t i = 0; i < wanted->size(); i++)
        PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i), PyBool_FromLong((*wanted)[i]));
    return out;
}

// Owns its context object, which is what `grad_fn` shows; the context calls user code.
class PythonNode final : public Node {
  public:
    PythonNode(PyObject* context, std::string name)
        : context_(keep(context)), name_(std::move(name)) {
        python_object = context;
        node_object(context)->node = this;
        node_object(context)->owns = false;
    }
    const char* name() const override { return name_.c_str(); }
    bool is_python() const override { return true; }
    void* owned_object() const override { return context_.get(); }
    // The context may outlive the graph: then it owns the node.
    bool is_still_seen() override {
        if (!context_ || !Py_IsInitialized()) return false;
        const PyGILState_STATE state = PyGILState_Ensure();
        const bool seen = Py_REFCNT(context_.get()) > 1;
        if (seen) {
            retain();
            node_object(context_.get())->owns = true;
            context_.reset();
        }
        PyGILState_Release(state);
        return seen;
    }

    TensorList apply(TensorList&& grads, const Wanted* wanted) override {
        static PyObject* method = PyUnicode_InternFromString("_apply_backward");
        const NodeRef alive(this);
        const Object args = tuple_of(grads), flags = flags_of(wanted);
        const Object context = Object::borrow(static_cast<PyObject*>(python_object));
        const Object result = Object::steal(
            PyObject_CallMethodObjArgs(context.get(), method, args.get(), flags.get(), nullptr));
        return list_of(result.get(), "the result of backward");
    }
    void release_saved() override {
        if (saved.empty()) return;
        released = true;
        for (SavedTensor& s : saved) s.reset();
    }

    std::vector<SavedTensor> saved;
    bool released = false;

  private:
    std::shared_ptr<PyObject> context_;
    std::string name_;
};

PyObject* node_saved_tensors(PyObject* self, void*) {
    return guarded([&] {
        auto* node = dynamic_cast<PythonNode*>(&node_of(self));
        if (!node) {
            PyErr_SetString(PyExc_AttributeError, "saved_tensors");
            throw PythonError{};
        }
        check(!node->released,
              "Trying to backward through the graph a second time (or directly access saved "
              "tensors after "
              "they have already been freed). Specify retain_graph=True if you need to backward "
              "through the "
              "graph a second time.");
        TensorList out;
        for (const SavedTensor& s : node->saved) out.push_back(s.unpack(node));
        return to_python(out);
    });
}

PyObject* node_release_saved(PyObject* self, PyObject*) {
    return guarded([&] {
        node_of(self).release_saved();
        return Py_NewRef(Py_None);
    });
}

size_t place_of(const TensorList& list, const Tensor& t) {
    size_t i = 0;
    while (i < list.size() && !(list[i].defined() && list[i].is_same(t))) i++;
    return i;
}
bool is_view(const Tensor& t) { return meta_of(t) && meta_of(t)->view; }

// _record_function(context, name, inputs, outputs, saved, dirty, non_differentiable) -> outputs
PyObject* record_function(PyObject*, PyObject* args) {
    PyObject *context, *inputs_o, *outputs_o, *saved_o, *dirty_o, *plain_o;
    const char* name;
    if (!PyArg_ParseTuple(args, "O!sOOOOO", &node_type, &context, &name, &inputs_o, &outputs_o,
                          &saved_o, &dirty_o, &plain_o))
        return nullptr;
    return guarded([&] {
        const TensorList inputs = list_of(inputs_o, "inputs"),
                         saved = list_of(saved_o, "save_for_backward");
        const TensorList dirty = list_of(dirty_o, "mark_dirty"),
                         plain = list_of(plain_o, "mark_non_differentiable");
        TensorList outputs = list_of(outputs_o, "outputs");
        auto among = [](const TensorList& list, const Tensor& t) {
            return place_of(list, t) < list.size();
        };
        const auto node = Ref<PythonNode>::fresh(new PythonNode(context, name));
        for (const Tensor& t : inputs)
            node->edges.push_back(t.defined() ? gradient_edge(t) : Edge{});
        const bool tracked = needs_history(inputs);
        TensorList originals = outputs;
        for (Tensor& out : outputs) {
            if (!out.defined()) continue;
            const bool changed = among(dirty, out);
            const bool differentiable =
                tracked && !among(plain, out) && is_differentiable(out.dtype());
            if (changed) {
                if (differentiable) check_inplace(out, name);
                note_write(out, "mark_dirty");
                if (differentiable) {
                    const size_t edge = place_of(inputs, out);
                    check(edge < inputs.size() && (outputs.size() == 1 || !is_view(out)), name,
                          ": a Function that changes a view in place must be given that view, and "
                          "return nothing else");
                    rebase_history(out, node, edge);
                    continue;
                }
            } else if (among(inputs, out)) {
                // An input handed through is a new tensor; a change of it in place would pass by
                // the function's gradient.
                const Tensor input = out;
                out = detach(input);
                mark_view(input, out, ViewOrigin::NoGradMode, {});
            }
            const uint32_t index = node->add_output(out);
            if (!differentiable) continue;
            AutogradMeta& meta = ensure_meta(out);
            meta.grad_fn = node;
            meta.output = index;
            meta.requires_grad = true;
        }
        for (const Tensor& s : saved) {
            int place = -1;
            for (size_t i = 0; i < originals.size(); i++)
                if (s.defined() && originals[i].defined() && originals[i].is_same(s) &&
                    outputs[i].is_same(s))
                    place = static_cast<int>(i);
            node->saved.emplace_back(s, tracked ? place : -1);
        }
        return to_python(outputs);
    });
}

// ---- tensor hooks
// ----------------------------------------------------------------------------------------------

PyObject* add_tensor_hook(PyObject*, PyObject* args) {
    PyObject *self, *callable;
    if (!PyArg_ParseTuple(args, "O!O", &tensor_base_type, &self, &callable)) return nullptr;
    return guarded([&] {
        const Tensor t = tensor_of(self);
        check(requires_grad(t), "cannot register a hook on a tensor that doesn't require gradient");
        const int64_t id = next_hook_id();
        TensorHook hook{0, id, tensor_hook(callable), false, callable};
        if (NodeRef fn = grad_fn(t)) {
            hook.output = meta_of(t)->output;
            fn->ensure_extras().tensor_hooks.push_back(std::move(hook));
        } else {
            meta_of(t)->ensure_extras().hooks.push_back(std::move(hook));
        }
        return PyLong_FromLongLong(id);
    });
}
PyObject* add_post_accumulate_hook(PyObject*, PyObject* args) {
    PyObject *self, *callable;
    if (!PyArg_ParseTuple(args, "O!O", &tensor_base_type, &self, &callable)) return nullptr;
    return guarded([&] {
        const Tensor t = tensor_of(self);
        check(requires_grad(t), "cannot register a hook on a tensor that doesn't require gradient");
        check(is_leaf(t), "post accumulate grad hooks cannot be registered on non-leaf tensors");
        const int64_t id = next_hook_id();
        auto call = [f = keep(callable)](const Tensor& variable) -> Tensor {
            Object::steal(PyObject_CallOneArg(f.get(), Object::steal(wrap(variable)).get()));
            return {};
        };
        meta_of(t)->ensure_extras().post_accumulate_hooks.push_back({0, id, call, false, callable});
        return PyLong_FromLongLong(id);
    });
}
PyObject* remove_tensor_hook(PyObject*, PyObject* args) {
    PyObject* self;
    long long id;
    if (!PyArg_ParseTuple(args, "O!L", &tensor_base_type, &self, &id)) return nullptr;
    return guarded([&] {
        const Tensor t = tensor_of(self);
        auto match = [&](const TensorHook& h) { return h.id == id; };
        if (AutogradMeta* meta = meta_of(t)) {
            if (meta->extras) {
                std::erase_if(meta->extras->hooks, match);
                std::erase_if(meta->extras->post_accumulate_hooks, match);
            }
            if (meta->grad_fn && meta->grad_fn->extras)
                std::erase_if(meta->grad_fn->extras->tensor_hooks, match);
        }
        return Py_NewRef(Py_None);
    });
}
PyObject* retain_grad(PyObject*, PyObject* self) {
    return guarded([&] {
        check_type(is_tensor(self), "retain_grad(): expected a Tensor");
        const Tensor t = tensor_of(self);
        check(requires_grad(t), "can't retain_grad on Tensor that has requires_grad=False");
        const NodeRef fn = grad_fn(t);
        if (!fn || meta_of(t)->retains_grad) return Py_NewRef(Py_None);
        meta_of(t)->retains_grad = true;
        // The hook must not keep the tensor alive through its own history.
        const Object ref = Object::steal(PyWeakref_NewRef(self, nullptr));
        auto call = [f = keep(ref.get())](const Tensor& g) -> Tensor {
            PyObject* alive = PyObject_CallNoArgs(f.get());
            if (!alive) throw PythonError{};
            const Object held = Object::steal(alive);
            if (alive == Py_None) return {};
            AutogradMeta& meta = ensure_meta(tensor_of(alive));
            meta.grad =
                meta.grad.defined()
                    ? tensor_of(Object::steal(call_operation(find_operation("add"),
                                                             {Object::steal(wrap(meta.grad)).get(),
                                                              Object::steal(wrap(g)).get()},
                                                             false))
                                    .get())
                    : g;
            return {};
        };
        fn->ensure_extras().tensor_hooks.push_back(
            {meta_of(t)->output, next_hook_id(), call, true});
        return Py_NewRef(Py_None);
    });
}

// ---- backward
// --------------------------------------------------------------------------------------------------

// A tensor's place in the graph, or that of a GradientEdge.
Edge edge_of(PyObject* o) {
    if (is_tensor(o)) return gradient_edge(tensor_of(o));
    check_type(PyTuple_Check(o) && PyTuple_GET_SIZE(o) == 2 &&
                   PyObject_TypeCheck(PyTuple_GET_ITEM(o, 0), &node_type),
               "expected a Tensor or a GradientEdge, got ", Py_TYPE(o)->tp_name);
    const Edge edge{NodeRef(&node_of(PyTuple_GET_ITEM(o, 0))),
                    static_cast<uint32_t>(to_int(PyTuple_GET_ITEM(o, 1)))};
    check(edge.output < edge.node->outputs.size(), "GradientEdge: ", edge.node->name(), " has ",
          edge.node->outputs.size(), " outputs, so none of number ", edge.output);
    return edge;
}
std::vector<Edge> edges_of(PyObject* list) {
    check_type(PyTuple_Check(list), "expected a tuple of Tensors or GradientEdges");
    std::vector<Edge> out;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list); i++)
        out.push_back(edge_of(PyTuple_GET_ITEM(list, i)));
    return out;
}

// The gradient to start from where none is given.
Tensor seed_of_scalar(const OutputInfo& output) {
    check(numel_of(output.sizes) == 1, "grad can be implicitly created only for scalar outputs");
    check(is_float(output.dtype),
          "grad can be implicitly created only for real scalar outputs but got kajo.",
          output.dtype);
    return ops::ones(output.sizes, output.dtype, output.device);
}

// _run_backward(roots, grads, retain_graph, create_graph, inputs, allow_unused, accumulate)
PyObject* run_backward_python(PyObject*, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        check_type(count == 7, "_run_backward() takes 7 arguments");
        const std::vector<Edge> roots = edges_of(args[0]), inputs = edges_of(args[4]);
        TensorList seeds = list_of(args[1], "grad_tensors");
        const bool retain = to_bool(args[2]), create = to_bool(args[3]), unused = to_bool(args[5]),
                   accumulate = to_bool(args[6]);
        check(seeds.size() == roots.size(), "got ", roots.size(), " tensors and ", seeds.size(),
              " gradients");
        for (size_t i = 0; i < roots.size(); i++) {
            check(static_cast<bool>(roots[i].node), "element ", i,
                  " of tensors does not require grad and does not have a grad_fn");
            const OutputInfo& output = roots[i].node->outputs[roots[i].output];
            const ReverseModeGuard mode(create && seeds[i].defined());
            if (!seeds[i].defined())
                seeds[i] = seed_of_scalar(output);
            else if (seeds[i].dtype() != output.dtype)
                seeds[i] = ops::to(seeds[i], output.dtype);
        }
        for (const Edge& e : inputs)
            check(static_cast<bool>(e.node),
                  "One of the differentiated Tensors does not require grad");
        TensorList results;
        BackwardStep::asked_at = location_outside();
        PyThreadState* state = PyEval_SaveThread();
        try {
            results = run_backward(roots, seeds, retain, create, inputs, unused, accumulate);
        } catch (...) {
            PyEval_RestoreThread(state);
            throw;
        }
        PyEval_RestoreThread(state);
        return to_python(results);
    });
}

// ---- forward mode
// ----------------------------------------------------------------------------------------------

PyObject* current_task_python(PyObject*, PyObject*) { return PyLong_FromLongLong(current_task()); }
PyObject* will_run_python(PyObject*, PyObject* node) {
    return guarded([&] { return PyBool_FromLong(will_run(node_of(node))); });
}
PyObject* bump_version_python(PyObject*, PyObject* t) {
    return guarded([&] {
        tensor_of(t).bump_version();
        return Py_NewRef(Py_None);
    });
}

PyObject* enter_level(PyObject*, PyObject*) { return PyLong_FromLong(enter_forward_level()); }
PyObject* exit_level(PyObject*, PyObject* level) {
    return guarded([&] {
        exit_forward_level(static_cast<int>(to_int(level)));
        return Py_NewRef(Py_None);
    });
}
PyObject* forward_levels(PyObject*, PyObject*) { return PyLong_FromLong(ForwardMode::levels()); }
PyObject* open_forward_levels(PyObject*, PyObject*) { return PyLong_FromLong(ForwardMode::open_); }
PyObject* forward_limit(PyObject*, PyObject*) { return PyLong_FromLong(ForwardMode::limit()); }
PyObject* set_forward_limit(PyObject*, PyObject* levels) {
    return guarded([&] {
        const int before = ForwardMode::limit();
        ForwardMode::set_limit(static_cast<int>(to_int(levels)));
        return PyLong_FromLong(before);
    });
}
PyObject* tangent_python(PyObject*, PyObject* args) {
    PyObject* self;
    int level;
    if (!PyArg_ParseTuple(args, "O!i", &tensor_base_type, &self, &level)) return nullptr;
    return guarded([&] { return wrap(tangent(tensor_of(self), level)); });
}
PyObject* detach_dual_python(PyObject*, PyObject* args) {
    PyObject* self;
    int keep;
    if (!PyArg_ParseTuple(args, "O!p", &tensor_base_type, &self, &keep)) return nullptr;
    return guarded([&] { return wrap(detach_dual(tensor_of(self), keep)); });
}
PyObject* set_tangent_python(PyObject*, PyObject* args) {
    PyObject *self, *value;
    int level;
    if (!PyArg_ParseTuple(args, "O!iO!", &tensor_base_type, &self, &level, &tensor_base_type,
                          &value))
        return nullptr;
    return guarded([&] {
        set_tangent(tensor_of(self), level, tensor_of(value));
        return Py_NewRef(Py_None);
    });
}
PyObject* with_tangent_python(PyObject*, PyObject* args) {
    PyObject *self, *value;
    int level;
    if (!PyArg_ParseTuple(args, "O!iO", &tensor_base_type, &self, &level, &value)) return nullptr;
    return guarded([&] {
        return wrap(
            with_tangent(tensor_of(self), level, value == Py_None ? Tensor() : tensor_of(value)));
    });
}

void* acquire_lock() {
    return reinterpret_cast<void*>(static_cast<intptr_t>(PyGILState_Ensure()) + 1);
}
void release_lock(void* state) {
    PyGILState_Release(static_cast<PyGILState_STATE>(reinterpret_cast<intptr_t>(state) - 1));
}
void* give_up_lock() { return PyGILState_Check() ? PyEval_SaveThread() : nullptr; }
void take_lock_back(void* state) { PyEval_RestoreThread(static_cast<PyThreadState*>(state)); }

// ---- modes
// -----------------------------------------------------------------------------------------------------

template <auto get_mode, auto set_mode>
PyObject* mode_setter(PyObject*, PyObject* on) {
    const bool before = get_mode();
    set_mode(on == Py_True);
    return PyBool_FromLong(before);
}
template <auto get_mode>
PyObject* mode_getter(PyObject*, PyObject*) {
    return PyBool_FromLong(get_mode());
}
bool anomaly_enabled() { return AnomalyMode::enabled; }
bool anomaly_nan() { return AnomalyMode::check_nan; }
void set_anomaly(bool on) { AnomalyMode::enabled = on; }
void set_anomaly_nan(bool on) { AnomalyMode::check_nan = on; }

// Tensors are also saved and fetched while backward runs, without the interpreter lock.
PyObject* push_saved_hooks(PyObject*, PyObject* args) {
    PyObject *pack, *unpack;
    if (!PyArg_ParseTuple(args, "OO", &pack, &unpack)) return nullptr;
    saved_tensor_hooks().push_back(
        {[f = keep(pack)](const Tensor& t) -> std::shared_ptr<void> {
             const HoldInterpreter lock;
             const Object packed =
                 Object::steal(PyObject_CallOneArg(f.get(), Object::steal(wrap(t)).get()));
             return keep(packed.get());
         },
         [f = keep(unpack)](const std::shared_ptr<void>& packed) {
             const HoldInterpreter lock;
             const Object t =
                 Object::steal(PyObject_CallOneArg(f.get(), static_cast<PyObject*>(packed.get())));
             check_type(is_tensor(t.get()),
                        "saved_tensors_hooks: the unpack hook must return a Tensor, got ",
                        Py_TYPE(t.get())->tp_name);
             return tensor_of(t.get());
         }});
    Py_RETURN_NONE;
}
PyObject* pop_saved_hooks(PyObject*, PyObject*) {
    if (!saved_tensor_hooks().empty()) saved_tensor_hooks().pop_back();
    Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"_run_backward",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(run_backward_python)),
     METH_FASTCALL, "Runs the graph backwards."},
    {"_current_task", current_task_python, METH_NOARGS,
     "The number of the backward pass that this thread is in, or -1."},
    {"_will_run", will_run_python, METH_O, "Whether the running backward gets to a node."},
    {"_bump_version", bump_version_python, METH_O, "Counts a write."},
    {"_enter_forward_level", enter_level, METH_NOARGS, "Opens a level of forward mode."},
    {"_exit_forward_level", exit_level, METH_O, "Closes a level."},
    {"_forward_levels", forward_levels, METH_NOARGS, "How many levels operations see."},
    {"_open_forward_levels", open_forward_levels, METH_NOARGS, "How many levels are open."},
    {"_forward_limit", forward_limit, METH_NOARGS, "The number that was set last."},
    {"_set_forward_limit", set_forward_limit, METH_O,
     "Lets operations see the levels below a number only; returns the number before."},
    {"_tangent", tangent_python, METH_VARARGS, "The tangent of a tensor at a level, or None."},
    {"_detach_dual", detach_dual_python, METH_VARARGS,
     "Without history but with tangents; these too without, unless asked to keep theirs."},
    {"_set_tangent", set_tangent_python, METH_VARARGS, "Gives a tensor a tangent at a level."},
    {"_with_tangent", with_tangent_python, METH_VARARGS,
     "A view with this tangent, or none, at a level."},
    {"_record_function", record_function, METH_VARARGS,
     "Makes a user function the history of its outputs."},
    {"_add_tensor_hook", add_tensor_hook, METH_VARARGS,
     "Adds a hook on a gradient; returns its id."},
    {"_add_post_accumulate_hook", add_post_accumulate_hook, METH_VARARGS,
     "Adds a hook that runs when .grad is ready."},
    {"_remove_tensor_hook", remove_tensor_hook, METH_VARARGS, "Removes a hook by its id."},
    {"_retain_grad", retain_grad, METH_O, "Keeps the gradient of a non-leaf."},
    {"_set_grad_enabled", mode_setter<GradMode::enabled, GradMode::set_enabled>, METH_O,
     "Returns the mode before."},
    {"is_grad_enabled", mode_getter<GradMode::enabled>, METH_NOARGS,
     R"(Whether operations record their history.

>>> import kajo
>>> with kajo.no_grad():
...     print(kajo.is_grad_enabled())
False
)"},
    {"_set_inference_mode", mode_setter<InferenceMode::enabled, InferenceMode::set_enabled>, METH_O,
     "Returns the mode before."},
    {"is_inference_mode_enabled", mode_getter<InferenceMode::enabled>, METH_NOARGS,
     R"(Whether inference mode is on.

>>> import kajo
>>> with kajo.inference_mode():
...     print(kajo.is_inference_mode_enabled())
True
)"},
    {"_set_anomaly_enabled", mode_setter<anomaly_enabled, set_anomaly>, METH_O,
     "Returns the mode before."},
    {"is_anomaly_enabled", mode_getter<anomaly_enabled>, METH_NOARGS,
     R"(Whether anomaly detection is on.

>>> import kajo
>>> kajo.is_anomaly_enabled()
False
)"},
    {"_set_anomaly_check_nan", mode_setter<anomaly_nan, set_anomaly_nan>, METH_O,
     "Returns the mode before."},
    {"is_anomaly_check_nan_enabled", mode_getter<anomaly_nan>, METH_NOARGS,
     R"(Whether anomaly detection, when it is on, looks for NaN among gradients.

>>> import kajo
>>> kajo.is_anomaly_check_nan_enabled()
True
)"},
    {"_push_saved_tensors_hooks", push_saved_hooks, METH_VARARGS,
     "Hooks for what is saved from now on."},
    {"_pop_saved_tensors_hooks", pop_saved_hooks, METH_NOARGS, "Takes the newest hooks away."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyObject* wrap_node(const NodeRef& node) {
    if (!node) return Py_NewRef(Py_None);
    if (node->python_object) return Py_NewRef(static_cast<PyObject*>(node->python_object));
    PyTypeObject* type = class_for(node->name());
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) throw PythonError{};
    node->retain();
    node_object(self)->node = node.get();
    node_object(self)->owns = true;
    node->python_object = self;
    return self;
}

void add_autograd(PyObject* module) {
    Node::release_python_object = forget_wrapper;
    InterpreterLock::acquire = acquire_lock;
    InterpreterLock::release = release_lock;
    KernelLock::give_up = give_up_lock;
    KernelLock::reacquire = take_lock_back;
    AnomalyMode::stack = program_stack;
    source_location_hooks = {current_location, location_outside, describe_location};
    if (PyType_Ready(&node_type) < 0 ||
        PyModule_AddObjectRef(module, "Node", reinterpret_cast<PyObject*>(&node_type)) < 0 ||
        PyModule_AddFunctions(module, functions) < 0 ||
        PyModule_AddIntConstant(module, "_ALL_FORWARD_LEVELS", ForwardMode::kAll) < 0)
        throw PythonError{};
}

}  // namespace kajo::python
