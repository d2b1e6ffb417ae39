#include "cpu/ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"

namespace kajo::cpu {

namespace {

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

// Sums are in the type of the scores and in PyTorch's order: in float32 the digits show.
template <class T>
T log_sum(T a, T b) {
    const T top = std::max(a, b);
    if (top == kNever<T>) return top;
    return std::log(std::exp(a - top) + std::exp(b - top)) + top;
}
template <class T>
T log_sum(T a, T b, T c) {
    const T top = std::max({a, b, c});
    if (top == kNever<T>) return top;
    return std::log(std::exp(a - top) + std::exp(b - top) + std::exp(c - top)) + top;
}

// One sequence: its states are its labels with a blank before, between and after them.
template <class T>
struct Sequence {
    const T* log_probs;  // of time 0
    int64_t time_stride, steps, classes;
    const int64_t* labels;
    int64_t states, blank;

    int64_t label(int64_t state) const { return state % 2 ? labels[state / 2] : blank; }
    T score(int64_t time, int64_t state) const {
        return log_probs[time * time_stride + label(state)];
    }
    // From two states before, over a blank: only between different labels.
    bool may_skip_to(int64_t state) const {
        return state % 2 && state >= 3 && labels[state / 2] != labels[state / 2 - 1];
    }
    // The first and, in reverse, the last states: a blank or a label.
    void begin(T* row) const {
        std::fill(row, row + states, kNever<T>);
        for (int64_t s = 0; s < std::min<int64_t>(states, 2); s++) row[s] = score(0, s);
    }
    void end(T* row) const {
        std::fill(row, row + states, kNever<T>);
        for (int64_t s = std::max<int64_t>(states - 2, 0); s < states; s++)
            row[s] = score(steps - 1, s);
    }
    // The log-probability of having come to each state by `time`.
    void forward(const T* before, T* now, int64_t time) const {
        for (int64_t s = 0; s < states; s++)
            now[s] = log_sum(before[s], s >= 1 ? before[s - 1] : kNever<T>,
                             may_skip_to(s) ? before[s - 2] : kNever<T>) +
                     score(time, s);
    }
    // The log-probability of all that follows each state from `time` on.
    void backward(const T* after, T* now, int64_t time) const {
        for (int64_t s = 0; s < states; s++)
            now[s] = log_sum(after[s], s + 1 < states ? after[s + 1] : kNever<T>,
                             s + 2 < states && may_skip_to(s + 2) ? after[s + 2] : kNever<T>) +
                     score(time, s);
    }
    T loss(const T* last) const {
        return -log_sum(last[states - 1], states >= 2 ? last[states - 2] : kNever<T>);
    }
};

struct Batch {
    int64_t steps, samples, classes;
    std::vector<int64_t> starts;
    const int64_t *labels, *input_lengths, *label_lengths;

    Batch(TensorRefs in, int64_t blank)
        : steps(in[0].size(0)),
          samples(in[0].size(1)),
          classes(in[0].size(2)),
          labels(in[1].data<int64_t>()),
          input_lengths(in[2].data<int64_t>()),
          label_lengths(in[3].data<int64_t>()) {
        check(blank >= 0 && blank < classes, "ctc_loss(): blank must be in label range, but got ",
              blank, " for ", classes, " classes");
        const bool joined = in[1].dim() == 1;
        int64_t total = 0;
        for (int64_t n = 0; n < samples; n++) {
            const int64_t length = label_lengths[n];
            check_range("input_lengths", input_lengths[n], steps);
            check_range("target_lengths", length, joined ? in[1].numel() : in[1].size(1));
            starts.push_back(joined ? total : n * in[1].size(1));
            total += length;
        }
        check(!joined || total == in[1].numel(), "ctc_loss(): Expected targets of size ", total,
              " at dimension 0, the sum of target_lengths, but got size ", in[1].numel());
        for (int64_t n = 0; n < samples; n++)
            for (int64_t i = 0; i < label_lengths[n]; i++) {
                const int64_t label = labels[starts[static_cast<size_t>(n)] + i];
                check(label >= 0 && label < classes, "ctc_loss(): targets must be in [0, ", classes,
                      "), but got ", label);
            }
    }

    static void check_range(const char* name, int64_t value, int64_t most) {
        check(value >= 0, "ctc_loss(): Expected ", name,
              " to have value at least 0, but got value ", value);
        check(value <= most, "ctc_loss(): Expected ", name, " to have value at most ", most,
              ", but got value ", value);
    }

    template <class T>
    Sequence<T> sequence(const T* log_probs, int64_t n, int64_t blank) const {
        return {log_probs + n * classes,
                samples * classes,
                input_lengths[n],
                classes,
                labels + starts[static_cast<size_t>(n)],
                2 * label_lengths[n] + 1,
                blank};
    }
};

template <class T>
T loss_of(const Sequence<T>& sequence) {
    if (sequence.steps == 0) return sequence.states == 1 ? T(0) : -kNever<T>;
    std::vector<T> now(static_cast<size_t>(sequence.states)), before(now);
    sequence.begin(now.data());
    for (int64_t t = 1; t < sequence.steps; t++) {
        std::swap(now, before);
        sequence.forward(before.data(), now.data(), t);
    }
    return sequence.loss(now.data());
}

// exp(log_prob) - P(passes through the class at that time | labels), times the loss's gradient.
template <class T>
void gradient_of(const Sequence<T>& sequence, T loss, T scale, T* grad) {
    const auto states = static_cast<size_t>(sequence.states);
    std::vector<T> alpha(static_cast<size_t>(sequence.steps) * states), beta(states), after(states);
    std::vector<T> through(static_cast<size_t>(sequence.classes));
    sequence.begin(alpha.data());
    for (int64_t t = 1; t < sequence.steps; t++)
        sequence.forward(&alpha[static_cast<size_t>(t - 1) * states],
                         &alpha[static_cast<size_t>(t) * states], t);
    for (int64_t t = sequence.steps - 1; t >= 0; t--) {
        std::swap(beta, after);
        if (t == sequence.steps - 1)
            sequence.end(beta.data());
        else
            sequence.backward(after.data(), beta.data(), t);
        std::fill(through.begin(), through.end(), kNever<T>);
        const T* row = &alpha[static_cast<size_t>(t) * states];
        for (int64_t s = sequence.states; s-- > 0;) {
            T& sum = through[static_cast<size_t>(sequence.label(s))];
            sum = log_sum(sum, row[s] + beta[static_cast<size_t>(s)]);
        }
        for (int64_t c = 0; c < sequence.classes; c++) {
            const T log_prob = sequence.log_probs[t * sequence.time_stride + c];
            const T share = std::exp(through[static_cast<size_t>(c)] + loss - log_prob);
            grad[t * sequence.time_stride + c] = (std::exp(log_prob) - share) * scale;
        }
    }
}

template <class F>
void for_type(DType dtype, F&& f) {
    if (dtype == DType::Float32)
        f.template operator()<float>();
    else
        f.template operator()<double>();
}

}  // namespace

void ctc_loss(TensorRefs out, TensorRefs in, const void* attributes) {
    const int64_t blank = static_cast<const CtcAttributes*>(attributes)->blank;
    const Batch batch(in, blank);
    for_type(in[0].dtype(), [&]<class T>() {
        T* losses = out[0].data<T>();
        parallel_for(batch.samples, [&](int64_t n) {
            losses[n] = loss_of(batch.sequence(in[0].data<T>(), n, blank));
        });
    });
}

void ctc_loss_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& a = *static_cast<const CtcAttributes*>(attributes);
    const Batch batch(in, a.blank);
    for_type(in[0].dtype(), [&]<class T>() {
        T* grad = out[0].data<T>();
        const T *losses = in[4].data<T>(), *scales = in[5].data<T>();
        std::fill(grad, grad + out[0].numel(), T(0));
        parallel_for(batch.samples, [&](int64_t n) {
            if (a.zero_infinity && losses[n] == -kNever<T>) return;
            gradient_of(batch.sequence(in[0].data<T>(), n, a.blank), losses[n], scales[n],
                        grad + n * batch.classes);
        });
    });
}

}  // namespace kajo::cpu
