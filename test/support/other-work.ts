/** Other work of the process: runs once in every turn of the event loop until it is ended. */
export function inEveryTurn(work: () => void): { end(): void } {
  let goesOn = true
  const turn = (): void => {
    if (!goesOn) return
    work()
    setImmediate(turn)
  }
  setImmediate(turn)
  return {
    end: () => {
      goesOn = false
    },
  }
}
