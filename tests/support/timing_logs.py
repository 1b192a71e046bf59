"""Logs of tools that time networks, in the forms that they print."""

NCNN = """loop_count = 8
num_threads = 4
powersave = 2
gpu_device = -1
cooling_down = 1
          squeezenet  min =    2.55  max =    2.78  avg =    2.64
              lite18  min =   41.20  max =   44.01  avg =   42.50
                hr32  min =   31.20  max =   34.01  avg =   32.50
"""
OPENVINO = """[Step 1/11] Parsing and validating input arguments
[ INFO ] Parsing input parameters
[Step 2/11] Loading OpenVINO Runtime
[ INFO ] OpenVINO:
[ INFO ] Build ................................. 2026.4.1-22982-releases/2026/4
[Step 4/11] Reading model files
[ INFO ] Read model took 23.30 ms
[Step 5/11] Resizing model to match image sizes and given batch
[ INFO ] Model batch size: 2
[Step 8/11] Querying optimal runtime parameters
[ INFO ] Model:
[ INFO ]   NETWORK_NAME: main_graph
[ INFO ]   INFERENCE_PRECISION_HINT: <Type: 'bfloat16'>
[ INFO ]   PERFORMANCE_HINT: THROUGHPUT
[Step 10/11] Measuring performance (Start inference asynchronously, 4 inference requests)
[ INFO ] First inference took 9.73 ms
[Step 11/11] Dumping statistics report
[ INFO ] Execution Devices:['CPU']
[ INFO ] Count:            7144 iterations
[ INFO ] Duration:         60026.64 ms
[ INFO ] Latency:
[ INFO ]    Median:        33.12 ms
[ INFO ]    Average:       33.47 ms
[ INFO ]    Min:           17.82 ms
[ INFO ]    Max:           105.98 ms
[ INFO ] Throughput:   119.01 FPS
"""
TFLITE = """INFO: STARTING!
INFO: Num threads: [4]
INFO: Graph: [/data/local/tmp/wlite_s.tflite]
INFO: Use gpu: [1]
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds
INFO: count=7 first=101022 curr=78101 min=77010 max=101022 avg=81020.4 std=8010

INFO: Running benchmark for at least 50 iterations and at least 1 seconds
INFO: count=50 first=78201 curr=78801 min=77203 max=90120 avg=79120.5 p5=773 median=78650 p95=84010

INFO: Inference timings in us: Init: 188400, First inference: 101022, Inference (avg): 79120.5
"""
AI_HUB = {
    "execution_summary": {
        "estimated_inference_time": 7934,
        "estimated_inference_peak_memory": 12_595_200,
        "all_inference_times": [8101, 7934, 7990, 8010, 9044, 7999],
    },
    "execution_detail": [
        {"name": "a", "compute_unit": "NPU"},
        {"name": "b", "compute_unit": "NPU"},
        {"name": "c", "compute_unit": "CPU"},
    ],
}
