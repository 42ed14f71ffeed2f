// `onednn_gemm gemm:MxNxK f32|bf16`: a matrix product of Debian's oneDNN, with weights in the layout that it
// likes best; a contender as contender.py describes them. C is f32 in both types.
//
//   gcc -O2 -o onednn_gemm onednn_gemm.c -ldnnl      OMP_NUM_THREADS says how many threads
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(dnnl_status_t status) {
    if (status == dnnl_success) return;
    fprintf(stderr, "oneDNN fails: %d\n", (int)status);
    exit(1);
}

static dnnl_memory_desc_t describe(long rows, long columns, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t description;
    check(dnnl_memory_desc_init_by_tag(&description, 2, (dnnl_dims_t){rows, columns}, type, tag));
    return description;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

// Memory of a description, filled with small numbers that any type can hold.
static dnnl_memory_t allocate(const dnnl_memory_desc_t *description, dnnl_engine_t engine) {
    dnnl_memory_t memory;
    check(dnnl_memory_create(&memory, description, engine, DNNL_MEMORY_ALLOCATE));
    void *bytes;
    check(dnnl_memory_get_data_handle(memory, &bytes));
    size_t size = dnnl_memory_desc_get_size(description);
    if (description->data_type == dnnl_bf16)
        for (size_t i = 0; i < size / 2; i++) ((unsigned short *)bytes)[i] = 0x3c00 + i % 97;
    else
        for (size_t i = 0; i < size / 4; i++) ((float *)bytes)[i] = 0.01f * (float)(i % 97);
    return memory;
}

int main(int count, char **arguments) {
    long m, n, k;
    if (count != 3 || sscanf(arguments[1], "gemm:%ldx%ldx%ld", &m, &n, &k) != 3) {
        fprintf(stderr, "usage: onednn_gemm gemm:MxNxK f32|bf16\n");
        return 2;
    }
    dnnl_data_type_t type = strcmp(arguments[2], "bf16") == 0 ? dnnl_bf16 : dnnl_f32;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    check(dnnl_engine_create(&engine, dnnl_cpu, 0));
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));

    dnnl_memory_desc_t a = describe(m, k, type, dnnl_ab);
    dnnl_memory_desc_t plain = describe(k, n, type, dnnl_ba);
    dnnl_memory_desc_t any = describe(k, n, type, dnnl_format_tag_any);
    dnnl_memory_desc_t c = describe(m, n, dnnl_f32, dnnl_ab);
    dnnl_matmul_desc_t operation;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t product, packing;
    check(dnnl_matmul_desc_init(&operation, &a, &any, NULL, &c));
    check(dnnl_primitive_desc_create(&description, &operation, NULL, engine, NULL));
    check(dnnl_primitive_create(&product, description));
    const dnnl_memory_desc_t *packed = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);

    dnnl_memory_t x = allocate(&a, engine), stored = allocate(&plain, engine);
    dnnl_memory_t weight = allocate(packed, engine), y = allocate(&c, engine);
    dnnl_primitive_desc_t reorder;
    check(dnnl_reorder_primitive_desc_create(&reorder, &plain, engine, packed, engine, NULL));
    check(dnnl_primitive_create(&packing, reorder));
    dnnl_exec_arg_t from_to[] = {{DNNL_ARG_FROM, stored}, {DNNL_ARG_TO, weight}};
    check(dnnl_primitive_execute(packing, stream, 2, from_to));
    dnnl_exec_arg_t operands[] = {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DST, y}};
    check(dnnl_primitive_execute(product, stream, 3, operands));
    check(dnnl_stream_wait(stream));

    puts("ready");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4) != 0) {
        int times = 1;
        sscanf(line, "repeat %d", &times);
        double start = now();
        for (int i = 0; i < times; i++) check(dnnl_primitive_execute(product, stream, 3, operands));
        check(dnnl_stream_wait(stream));
        printf("%.9f\n", (now() - start) / times);
        fflush(stdout);
    }
    return 0;
}
