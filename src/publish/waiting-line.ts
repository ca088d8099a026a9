/** Which of those that wait goes next. */
export type DrainOrder = 'oldest-first' | 'newest-first'

/** Has a place in the order of arrival. */
export interface Ordered {
  /** Grows with every arrival; no two are equal. */
  readonly order: number
}

/** Items in the order of their arrival, also when one comes back that was taken. */
export class WaitingLine<Item extends Ordered> {
  readonly #items: Item[] = []

  /** The oldest. */
  get first(): Item | undefined {
    return this.#items[0]
  }

  add(item: Item): void {
    const last = this.#items.at(-1)
    if (last === undefined || last.order < item.order) this.#items.push(item)
    else this.#items.splice(this.#placeOf(item), 0, item)
  }

  take(order: DrainOrder): Item | undefined {
    return order === 'oldest-first' ? this.#items.shift() : this.#items.pop()
  }

  takeAll(): Item[] {
    return this.#items.splice(0)
  }

  /** Whether it was there. */
  remove(item: Item): boolean {
    const place = this.#placeOf(item)
    if (this.#items[place] !== item) return false
    this.#items.splice(place, 1)
    return true
  }

  /** Where it is, or would be: a binary search. */
  #placeOf(item: Item): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle]?.order ?? Infinity) < item.order) low = middle + 1
      else high = middle
    }
    return low
  }
}
