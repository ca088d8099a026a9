/*
 * What libvirt itself takes for one polling cycle: the calls that a cycle cannot do without, and nothing
 * else.
 *
 *   floor URI MASK SLICES [disk NAME] [xml]
 *
 * Each line on standard input makes one cycle: a listing by the state statistic, the XML of every domain
 * (`xml`), bulk statistics of the MASK without waiting for busy domains, in SLICES threads with a share of
 * the domains each, and virDomainGetBlockInfo of the disk NAME of every domain (`disk`). Each cycle answers
 * one line of JSON: `seconds` on the wall clock, `cpuSeconds` of this process, libvirt `calls`, `domains`,
 * and `figures`, how many libvirt gave.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_SLICES 8

struct task {
  unsigned int mask;
  const char* disk; /* NULL: no block info */
  int xml;
};

struct slice {
  const struct task* task;
  virDomainPtr* domains; /* ends with NULL */
  unsigned long calls;
  unsigned long figures;
};

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void fail(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, virGetLastErrorMessage());
  exit(1);
}

static unsigned long count(virDomainStatsRecordPtr* records, int size) {
  unsigned long figures = 0;
  for (int i = 0; i < size; i++) figures += records[i]->nparams;
  return figures;
}

static void* read_slice(void* argument) {
  struct slice* slice = argument;
  const struct task* task = slice->task;
  virDomainStatsRecordPtr* records;
  virDomainBlockInfo info;

  for (virDomainPtr* domain = slice->domains; task->xml && *domain; domain++, slice->calls++) {
    char* xml = virDomainGetXMLDesc(*domain, 0);
    if (!xml) fail("virDomainGetXMLDesc");
    free(xml);
  }
  int size =
      virDomainListGetStats(slice->domains, task->mask, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
  if (size < 0) fail("virDomainListGetStats");
  slice->calls++;
  slice->figures += count(records, size);
  virDomainStatsRecordListFree(records);
  for (virDomainPtr* domain = slice->domains; task->disk && *domain;
       domain++, slice->calls++, slice->figures += 3)
    if (virDomainGetBlockInfo(*domain, task->disk, &info, 0) < 0) fail("virDomainGetBlockInfo");
  return NULL;
}

/* Shares the listed domains out to `slices` threads and waits for them; adds what they did to `total`. */
static void read_slices(virDomainStatsRecordPtr* listed, int size, int slices, struct slice* total) {
  struct slice parts[MOST_SLICES];
  pthread_t threads[MOST_SLICES];
  int share = (size + slices - 1) / slices;

  for (int i = 0; i < slices; i++) {
    int first = i * share < size ? i * share : size;
    int length = first + share < size ? share : size - first;
    parts[i] = (struct slice){.task = total->task, .domains = calloc(length + 1, sizeof(virDomainPtr))};
    for (int j = 0; j < length; j++) parts[i].domains[j] = listed[first + j]->dom;
    if (length && pthread_create(&threads[i], NULL, read_slice, &parts[i])) fail("pthread_create");
  }
  for (int i = 0; i < slices; i++) {
    if (parts[i].domains[0]) pthread_join(threads[i], NULL);
    free(parts[i].domains);
    total->calls += parts[i].calls;
    total->figures += parts[i].figures;
  }
}

static void cycle(virConnectPtr connection, const struct task* task, int slices) {
  double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  struct slice total = {.task = task, .calls = 1};
  virDomainStatsRecordPtr* listed;

  int size = virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE, &listed, 0);
  if (size < 0) fail("virConnectGetAllDomainStats");
  total.figures = count(listed, size);
  if (size) read_slices(listed, size, slices, &total);
  virDomainStatsRecordListFree(listed);
  printf("{\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"calls\":%lu,\"domains\":%d,\"figures\":%lu}\n",
         seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, total.calls, size,
         total.figures);
  fflush(stdout);
}

int main(int argc, char** argv) {
  struct task task = {0};
  int slices = argc > 3 ? atoi(argv[3]) : 0;
  char line[64];

  if (slices < 1 || slices > MOST_SLICES) {
    fprintf(stderr, "usage: floor URI MASK SLICES(1 to %d) [disk NAME] [xml]\n", MOST_SLICES);
    return 2;
  }
  task.mask = strtoul(argv[2], NULL, 0);
  for (int i = 4; i < argc; i++) {
    if (!strcmp(argv[i], "xml")) task.xml = 1;
    if (!strcmp(argv[i], "disk") && i + 1 < argc) task.disk = argv[++i];
  }
  virConnectPtr connection = virConnectOpenReadOnly(argv[1]);
  if (!connection) fail("virConnectOpenReadOnly");
  while (fgets(line, sizeof line, stdin)) cycle(connection, &task, slices);
  virConnectClose(connection);
  return 0;
}
