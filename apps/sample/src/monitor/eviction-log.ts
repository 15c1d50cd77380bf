import { type Eviction, OnCacheEviction } from '@cache-aside/nestjs'
import { Injectable } from '@nestjs/common'

export interface EvictionEntry extends Eviction {
  /** When this process heard of it. */
  readonly at: Date
}

const limit = 100

/** The last keys that left the cache, newest first. */
@Injectable()
export class EvictionLog {
  #entries: readonly EvictionEntry[] = []

  get entries(): readonly EvictionEntry[] {
    return this.#entries
  }

  @OnCacheEviction('*')
  record({ reason, key }: Eviction): void {
    this.#entries = [{ reason, key, at: new Date() }, ...this.#entries].slice(0, limit)
  }
}
