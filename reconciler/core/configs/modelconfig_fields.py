"""The messages and fields of Triton's ModelConfig as one table, read once by core/configs/modelconfig.py.

`field:type`, `*type` repeated, `key→value` a map, `|name` the oneof it belongs to. Source: the protobuf definition in
tritonclient; a test compares every field with it. Field numbers are not here: we only speak text and JSON.
"""

FIELDS = """
enum DataType
    TYPE_INVALID=0 TYPE_BOOL=1 TYPE_UINT8=2 TYPE_UINT16=3 TYPE_UINT32=4 TYPE_UINT64=5 TYPE_INT8=6 TYPE_INT16=7
    TYPE_INT32=8 TYPE_INT64=9 TYPE_FP16=10 TYPE_FP32=11 TYPE_FP64=12 TYPE_STRING=13 TYPE_BF16=14
message ModelRateLimiter
    resources:*ModelRateLimiter.Resource priority:uint32
message ModelRateLimiter.Resource
    name:string global:bool count:uint32
message ModelInstanceGroup
    name:string kind:ModelInstanceGroup.Kind count:int32 rate_limiter:ModelRateLimiter gpus:*int32
    secondary_devices:*ModelInstanceGroup.SecondaryDevice profile:*string passive:bool host_policy:string
enum ModelInstanceGroup.Kind
    KIND_AUTO=0 KIND_GPU=1 KIND_CPU=2 KIND_MODEL=3
message ModelInstanceGroup.SecondaryDevice
    kind:ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind device_id:int64
enum ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind
    KIND_NVDLA=0
message ModelTensorReshape
    shape:*int64
message ModelInput
    name:string data_type:DataType format:ModelInput.Format dims:*int64 reshape:ModelTensorReshape
    is_shape_tensor:bool allow_ragged_batch:bool optional:bool is_non_linear_format_io:bool
enum ModelInput.Format
    FORMAT_NONE=0 FORMAT_NHWC=1 FORMAT_NCHW=2
message ModelOutput
    name:string data_type:DataType dims:*int64 reshape:ModelTensorReshape label_filename:string
    is_shape_tensor:bool is_non_linear_format_io:bool
message BatchInput
    kind:BatchInput.Kind target_name:*string data_type:DataType source_input:*string
enum BatchInput.Kind
    BATCH_ELEMENT_COUNT=0 BATCH_ACCUMULATED_ELEMENT_COUNT=1 BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO=2
    BATCH_MAX_ELEMENT_COUNT_AS_SHAPE=3 BATCH_ITEM_SHAPE=4 BATCH_ITEM_SHAPE_FLATTEN=5
message BatchOutput
    target_name:*string kind:BatchOutput.Kind source_input:*string
enum BatchOutput.Kind
    BATCH_SCATTER_WITH_INPUT_SHAPE=0
message ModelVersionPolicy
    latest:ModelVersionPolicy.Latest|policy_choice all:ModelVersionPolicy.All|policy_choice
    specific:ModelVersionPolicy.Specific|policy_choice
message ModelVersionPolicy.Latest
    num_versions:uint32
message ModelVersionPolicy.All
message ModelVersionPolicy.Specific
    versions:*int64
message ModelOptimizationPolicy
    graph:ModelOptimizationPolicy.Graph priority:ModelOptimizationPolicy.ModelPriority
    cuda:ModelOptimizationPolicy.Cuda execution_accelerators:ModelOptimizationPolicy.ExecutionAccelerators
    input_pinned_memory:ModelOptimizationPolicy.PinnedMemoryBuffer
    output_pinned_memory:ModelOptimizationPolicy.PinnedMemoryBuffer gather_kernel_buffer_threshold:uint32
    eager_batching:bool
enum ModelOptimizationPolicy.ModelPriority
    PRIORITY_DEFAULT=0 PRIORITY_MAX=1 PRIORITY_MIN=2
message ModelOptimizationPolicy.Graph
    level:int32
message ModelOptimizationPolicy.Cuda
    graphs:bool busy_wait_events:bool graph_spec:*ModelOptimizationPolicy.Cuda.GraphSpec
    output_copy_stream:bool
message ModelOptimizationPolicy.Cuda.GraphSpec
    batch_size:int32 input:string→ModelOptimizationPolicy.Cuda.GraphSpec.Shape
    graph_lower_bound:ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound
message ModelOptimizationPolicy.Cuda.GraphSpec.Shape
    dim:*int64
message ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound
    batch_size:int32 input:string→ModelOptimizationPolicy.Cuda.GraphSpec.Shape
message ModelOptimizationPolicy.ExecutionAccelerators
    gpu_execution_accelerator:*ModelOptimizationPolicy.ExecutionAccelerators.Accelerator
    cpu_execution_accelerator:*ModelOptimizationPolicy.ExecutionAccelerators.Accelerator
message ModelOptimizationPolicy.ExecutionAccelerators.Accelerator
    name:string parameters:string→string
message ModelOptimizationPolicy.PinnedMemoryBuffer
    enable:bool
message ModelQueuePolicy
    timeout_action:ModelQueuePolicy.TimeoutAction default_timeout_microseconds:uint64
    allow_timeout_override:bool max_queue_size:uint32
enum ModelQueuePolicy.TimeoutAction
    REJECT=0 DELAY=1
message ModelDynamicBatching
    preferred_batch_size:*int32 max_queue_delay_microseconds:uint64 preserve_ordering:bool
    priority_levels:uint64 default_priority_level:uint64 default_queue_policy:ModelQueuePolicy
    priority_queue_policy:uint64→ModelQueuePolicy
message ModelSequenceBatching
    direct:ModelSequenceBatching.StrategyDirect|strategy_choice
    oldest:ModelSequenceBatching.StrategyOldest|strategy_choice max_sequence_idle_microseconds:uint64
    control_input:*ModelSequenceBatching.ControlInput state:*ModelSequenceBatching.State
    iterative_sequence:bool
message ModelSequenceBatching.Control
    kind:ModelSequenceBatching.Control.Kind int32_false_true:*int32 fp32_false_true:*float
    bool_false_true:*bool data_type:DataType
enum ModelSequenceBatching.Control.Kind
    CONTROL_SEQUENCE_START=0 CONTROL_SEQUENCE_READY=1 CONTROL_SEQUENCE_END=2 CONTROL_SEQUENCE_CORRID=3
message ModelSequenceBatching.ControlInput
    name:string control:*ModelSequenceBatching.Control
message ModelSequenceBatching.InitialState
    data_type:DataType dims:*int64 zero_data:bool|state_data data_file:string|state_data name:string
message ModelSequenceBatching.State
    input_name:string output_name:string data_type:DataType dims:*int64
    initial_state:*ModelSequenceBatching.InitialState use_same_buffer_for_input_output:bool
    use_growable_memory:bool
message ModelSequenceBatching.StrategyDirect
    max_queue_delay_microseconds:uint64 minimum_slot_utilization:float
message ModelSequenceBatching.StrategyOldest
    max_candidate_sequences:int32 preferred_batch_size:*int32 max_queue_delay_microseconds:uint64
    preserve_ordering:bool
message ModelEnsembling
    step:*ModelEnsembling.Step max_inflight_requests:uint32
message ModelEnsembling.Step
    model_name:string model_version:int64 input_map:string→string output_map:string→string
    model_namespace:string
message ModelParameter
    string_value:string
message ModelWarmup
    name:string batch_size:uint32 inputs:string→ModelWarmup.Input count:uint32
message ModelWarmup.Input
    data_type:DataType dims:*int64 zero_data:bool|input_data_type random_data:bool|input_data_type
    input_data_file:string|input_data_type
message ModelOperations
    op_library_filename:*string
message ModelTransactionPolicy
    decoupled:bool
message ModelRepositoryAgents
    agents:*ModelRepositoryAgents.Agent
message ModelRepositoryAgents.Agent
    name:string parameters:string→string
message ModelResponseCache
    enable:bool
message ModelMetrics
    metric_control:*ModelMetrics.MetricControl
message ModelMetrics.MetricControl
    metric_identifier:ModelMetrics.MetricControl.MetricIdentifier
    histogram_options:ModelMetrics.MetricControl.HistogramOptions|metric_options
message ModelMetrics.MetricControl.MetricIdentifier
    family:string
message ModelMetrics.MetricControl.HistogramOptions
    buckets:*double
message ModelConfig
    name:string platform:string backend:string runtime:string version_policy:ModelVersionPolicy
    max_batch_size:int32 input:*ModelInput output:*ModelOutput batch_input:*BatchInput
    batch_output:*BatchOutput optimization:ModelOptimizationPolicy
    dynamic_batching:ModelDynamicBatching|scheduling_choice
    sequence_batching:ModelSequenceBatching|scheduling_choice
    ensemble_scheduling:ModelEnsembling|scheduling_choice instance_group:*ModelInstanceGroup
    default_model_filename:string cc_model_filenames:string→string metric_tags:string→string
    parameters:string→ModelParameter model_warmup:*ModelWarmup model_operations:ModelOperations
    model_transaction_policy:ModelTransactionPolicy model_repository_agents:ModelRepositoryAgents
    response_cache:ModelResponseCache model_metrics:ModelMetrics
"""
