// A Triton backend that costs nothing: OUT = IN * the number in <version>/factor, so that tests can load hundreds of
// models in the time that one Python model takes. What it uses of Triton's backend API (its version 1) is declared here.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Error Error;
typedef struct Input Input;
typedef struct Instance Instance;
typedef struct Model Model;
typedef struct Output Output;
typedef struct Request Request;
typedef struct Response Response;

enum { INTERNAL = 1, CPU = 0, FINAL = 1, ALL = 1 };

Error* TRITONSERVER_ErrorNew(int code, const char* message);
Error* TRITONBACKEND_ModelInstanceModel(Instance*, Model**);
Error* TRITONBACKEND_ModelInstanceSetState(Instance*, void*);
Error* TRITONBACKEND_ModelInstanceState(Instance*, void**);
Error* TRITONBACKEND_ModelRepository(Model*, int* kind, const char** path);
Error* TRITONBACKEND_ModelVersion(Model*, uint64_t*);
Error* TRITONBACKEND_RequestInput(Request*, const char* name, Input**);
Error* TRITONBACKEND_InputProperties(
    Input*, const char** name, int* type, const int64_t** shape, uint32_t* dims, uint64_t* bytes, uint32_t* buffers);
Error* TRITONBACKEND_InputBuffer(Input*, uint32_t index, const void**, uint64_t* bytes, int* memory, int64_t* device);
Error* TRITONBACKEND_ResponseNew(Response**, Request*);
Error* TRITONBACKEND_ResponseOutput(
    Response*, Output**, const char* name, int type, const int64_t* shape, uint32_t dims);
Error* TRITONBACKEND_OutputBuffer(Output*, void**, uint64_t bytes, int* memory, int64_t* device);
Error* TRITONBACKEND_ResponseSend(Response*, uint32_t flags, Error*);
Error* TRITONBACKEND_RequestRelease(Request*, uint32_t flags);

#define TRY(call)                        \
  do {                                   \
    Error* error = (call);               \
    if (error != NULL) return error;     \
  } while (0)

Error* TRITONBACKEND_ModelInstanceInitialize(Instance* instance)
{
  Model* model;
  const char* repository;
  uint64_t version;
  int kind;
  TRY(TRITONBACKEND_ModelInstanceModel(instance, &model));
  TRY(TRITONBACKEND_ModelRepository(model, &kind, &repository));
  TRY(TRITONBACKEND_ModelVersion(model, &version));
  char path[4096];
  snprintf(path, sizeof path, "%s/%llu/factor", repository, (unsigned long long)version);
  float* factor = malloc(sizeof *factor);
  FILE* file = fopen(path, "r");
  int read = file == NULL ? 0 : fscanf(file, "%f", factor);
  if (file != NULL) fclose(file);
  if (read != 1) {
    free(factor);
    return TRITONSERVER_ErrorNew(INTERNAL, "there is no number in the file `factor`");
  }
  return TRITONBACKEND_ModelInstanceSetState(instance, factor);
}

Error* TRITONBACKEND_ModelInstanceFinalize(Instance* instance)
{
  void* factor;
  TRY(TRITONBACKEND_ModelInstanceState(instance, &factor));
  free(factor);
  return NULL;
}

static Error* answer(Request* request, float factor, Response* response)
{
  Input* input;
  Output* output;
  const char* name;
  const int64_t* shape;
  const void* given;
  void* made;
  uint64_t bytes, here, done = 0;
  int64_t device = 0;
  uint32_t dims, buffers;
  int type, memory = CPU;
  TRY(TRITONBACKEND_RequestInput(request, "IN", &input));
  TRY(TRITONBACKEND_InputProperties(input, &name, &type, &shape, &dims, &bytes, &buffers));
  TRY(TRITONBACKEND_ResponseOutput(response, &output, "OUT", type, shape, dims));
  TRY(TRITONBACKEND_OutputBuffer(output, &made, bytes, &memory, &device));
  for (uint32_t index = 0; index < buffers; index++) {
    TRY(TRITONBACKEND_InputBuffer(input, index, &given, &here, &memory, &device));
    for (uint64_t each = 0; each < here / sizeof(float); each++)
      ((float*)made)[done++] = ((const float*)given)[each] * factor;
  }
  return NULL;
}

Error* TRITONBACKEND_ModelInstanceExecute(Instance* instance, Request** requests, const uint32_t count)
{
  void* factor;
  TRY(TRITONBACKEND_ModelInstanceState(instance, &factor));
  for (uint32_t index = 0; index < count; index++) {
    Response* response;
    TRY(TRITONBACKEND_ResponseNew(&response, requests[index]));
    TRY(TRITONBACKEND_ResponseSend(response, FINAL, answer(requests[index], *(float*)factor, response)));
    TRY(TRITONBACKEND_RequestRelease(requests[index], ALL));
  }
  return NULL;
}
