"""The modules of devices (cuda, cpu, accelerator), streams and events, as in a PyTorch without GPUs."""

import importlib
import inspect
import warnings

import pytest

import kajo

torch = pytest.importorskip("torch")
if torch.cuda.is_available() or torch.accelerator.is_available():
    pytest.skip("this machine has a GPU", allow_module_level=True)

ANSWERS = [
    "cuda.is_available()",
    "cuda.device_count()",
    "cuda.is_initialized()",
    "cuda.is_bf16_supported()",
    "cuda.is_tf32_supported()",
    "cuda.get_arch_list()",
    "cuda.get_gencode_flags()",
    "cuda.get_rng_state_all()",
    "cuda.manual_seed(1)",
    "cuda.manual_seed_all(1)",
    "cuda.seed()",
    "cuda.seed_all()",
    "cuda.empty_cache()",
    "cuda.memory_allocated()",
    "cuda.max_memory_allocated()",
    "cuda.memory_reserved()",
    "cuda.max_memory_reserved()",
    "cuda.memory_cached()",
    "cuda.max_memory_cached()",
    "cuda.memory_stats()",
    "cuda.memory_stats_as_nested_dict()",
    "cuda.host_memory_stats()",
    "cuda.set_stream(None)",
    "cuda.host_memory_stats_as_nested_dict()",
    "cuda.caching_allocator_enable()",
    "cuda.stream(None).__enter__()",
    "cuda.device(-1).__enter__()",
    "cuda.default_generators",
    "cuda.has_half",
    "cuda.has_magma",
    "cuda.cudaStatus.ERROR_NOT_READY",
    "cpu.is_available()",
    "cpu.is_initialized()",
    "cpu.device_count()",
    "cpu.current_device()",
    "cpu.set_device(3)",
    "cpu.synchronize()",
    "cpu.Stream().wait_stream(None)",
    "cpu.Stream().record_event()",
    "cpu.Event().query()",
    "cpu.Event().record()",
    "cpu.Event().wait()",
    "cpu.Event().synchronize()",
    "accelerator.is_available()",
    "accelerator.device_count()",
    "accelerator.current_accelerator()",
    "accelerator.current_accelerator(True)",
    "accelerator.device_index(None).__enter__()",
    "Stream().query()",
    "Stream().synchronize()",
    "Stream().device.type",
    "Stream().device_index",
    "Stream().stream_id",
    "Stream().device_type",
    "Stream().is_capturing()",
    'Stream("meta").device.type',
    "Event().query()",
    "Event().wait()",
    "Event().synchronize()",
    "Event().device.type",
    "Event().event_id",
]
REFUSALS = [
    "cuda.init()",
    "cuda.current_device()",
    "cuda.synchronize()",
    "cuda.get_device_name()",
    "cuda.get_device_capability()",
    "cuda.get_device_properties()",
    "cuda.can_device_access_peer(0,1)",
    "cuda.cudart()",
    "cuda.current_blas_handle()",
    "cuda.current_solver_handle()",
    "cuda.ipc_collect()",
    "cuda.get_sync_debug_mode()",
    "cuda.set_sync_debug_mode(0)",
    "cuda.initial_seed()",
    "cuda.get_rng_state()",
    "cuda.mem_get_info()",
    "cuda.get_per_process_memory_fraction()",
    "cuda.set_per_process_memory_fraction(0.5)",
    "cuda.caching_allocator_alloc(8)",
    "cuda.current_stream()",
    "cuda.default_stream()",
    "cuda.get_stream_from_external(0)",
    "cuda.Stream()",
    "cuda.Event()",
    "cuda.CUDAGraph()",
    "cuda.MemPool()",
    "cuda.graph_pool_handle()",
    "cuda.is_current_stream_capturing()",
    "cuda.utilization()",
    "cuda.memory_usage()",
    "cuda.temperature()",
    "cuda.power_draw()",
    "cuda.clock_rate()",
    "cuda.device_memory_used()",
    'cuda.device("cpu")',
    "cuda.device(0).__enter__()",
    "accelerator.current_device_index()",
    "accelerator.current_device_idx()",
    "accelerator.current_stream()",
    "accelerator.set_device_index(0)",
    "accelerator.set_device_idx(0)",
    "accelerator.synchronize()",
    "accelerator.device_index(0).__enter__()",
    "accelerator.empty_cache()",
    "accelerator.empty_host_cache()",
    "accelerator.get_device_capability()",
    "accelerator.get_memory_info()",
    "accelerator.memory_allocated()",
    "accelerator.max_memory_allocated()",
    "accelerator.memory_reserved()",
    "accelerator.max_memory_reserved()",
    "accelerator.memory_stats()",
    "accelerator.reset_accumulated_memory_stats()",
    "accelerator.Graph()",
    "accelerator.reset_peak_memory_stats()",
    "accelerator.set_stream(None)",
    "Stream(3)",
    "Stream(1.5)",
    'Stream("nowhere")',
    "Stream().record_event()",
    "Stream().native_handle",
    "Stream().wait_stream(None)",
    "Event().record()",
    "Event().elapsed_time(Event())",
    "Event().ipc_handle()",
]


def evaluated(library, text):
    names = {
        name: importlib.import_module(f"{library.__name__}.{name}") for name in ("cuda", "cpu")
    }
    names |= {"accelerator": library.accelerator, "Stream": library.Stream, "Event": library.Event}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(text, names)


@pytest.mark.parametrize("text", ANSWERS)
def test_answers(text):
    assert evaluated(kajo, text) == evaluated(torch, text)


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals(text):
    with pytest.raises(Exception) as theirs:
        evaluated(torch, text)
    with pytest.raises(theirs.type):
        evaluated(kajo, text)


@pytest.mark.parametrize("name", ["cuda", "cpu", "accelerator"])
def test_names_and_parameters(name):
    ours, theirs = getattr(kajo, name), getattr(torch, name)
    skipped = (
        "Storage",
        "Tensor",
        "amp",
        "jiterator",
        "nccl",
        "nvtx",
        "profiler",
        "sparse",
        "tunable",
    )
    names = {n for n in theirs.__all__ if not n.endswith(skipped)}
    assert names <= {*dir(ours)}
    assert {*ours.__all__} <= {*dir(ours)}
    for each in names:
        if inspect.isfunction(getattr(theirs, each)):
            wanted = [*inspect.signature(getattr(theirs, each)).parameters]
            assert [*inspect.signature(getattr(ours, each)).parameters] == wanted, each


def test_errors_of_devices():
    assert issubclass(kajo.OutOfMemoryError, RuntimeError)
    assert issubclass(kajo.AcceleratorError, RuntimeError)
    assert kajo.cuda.OutOfMemoryError is kajo.OutOfMemoryError
    with pytest.raises(kajo.cuda.CudaError):
        kajo.cuda.check_error(2)


def test_the_current_stream_of_a_block():
    mine = kajo.cpu.Stream()
    before = kajo.cpu.current_stream()
    with kajo.cpu.stream(mine):
        assert kajo.cpu.current_stream() is mine
    assert kajo.cpu.current_stream() is before
    assert kajo.Stream() == kajo.Stream() and len({kajo.Stream(), kajo.Stream()}) == 1


def test_capabilities():
    ours, theirs = kajo.cpu.get_capabilities(), torch.cpu.get_capabilities()
    differing = {name for name in theirs if ours.get(name, theirs[name]) != theirs[name]}
    # The system may hide what the processor says, and name it otherwise.
    assert not differing & {"avx", "avx2", "avx512_f", "fma3", "sse4_2", "num_logical_cores"}


def test_former_names_of_autocast():
    for kind in ("cpu", "ipu", "xla"):
        assert getattr(kajo, f"is_autocast_{kind}_enabled")() is False
    for kind in ("cpu", "gpu", "ipu", "xla"):
        read, write = (getattr(kajo, f"{verb}_autocast_{kind}_dtype") for verb in ("get", "set"))
        before = read()
        assert str(before)[5:] == str(getattr(torch, f"get_autocast_{kind}_dtype")())[6:]
        write(kajo.float32)
        assert read() is kajo.float32
        write(before)
    kajo.set_autocast_cpu_enabled(True)
    assert (kajo.ones(1, 1) @ kajo.ones(1, 1)).dtype is kajo.bfloat16
    kajo.set_autocast_cpu_enabled(False)
    assert (kajo.autocast_increment_nesting(), kajo.autocast_decrement_nesting()) == (1, 0)
    with kajo.cpu.amp.autocast():
        assert kajo.is_autocast_cpu_enabled()
    with pytest.warns(UserWarning, match="CUDA is not available"):
        assert not kajo.cuda.amp.GradScaler().is_enabled()
