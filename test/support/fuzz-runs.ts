/** How many cases a property is tried with: `usual` in `make test`, as many as `make fuzz` asks for in FUZZ_RUNS there. */
export function fuzzRuns(usual: number): number {
  return Number(process.env['FUZZ_RUNS'] ?? usual)
}
