#!/usr/bin/env node
import { main } from './process.js'

await main(['poll-once', ...process.argv.slice(2)])
