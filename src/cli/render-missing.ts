import { printable } from './printable.js'

/** A figure that was asked for and does not exist. */
export interface MissingFigure {
  readonly instanceName: string
  readonly meter: string
  readonly reason: string
  readonly detail: string
}

/** One line for each meter and cause, with the instances it concerns: what is missing, why, what to do. */
export function renderMissing(missing: readonly MissingFigure[]): string {
  const groups = new Map<string, { readonly first: MissingFigure; readonly names: Set<string> }>()
  for (const figure of missing) {
    const key = `${figure.meter}\n${figure.reason}\n${figure.detail}`
    const group = groups.get(key) ?? { first: figure, names: new Set<string>() }
    group.names.add(figure.instanceName)
    groups.set(key, group)
  }
  return [...groups.values()]
    .map(({ first, names }) => `  ${first.meter}: ${first.reason}, ${first.detail} (${some([...names])})\n`)
    .join('')
}

const namesShown = 3

function some(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map(printable).join(', ')
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown
}
