import { InvalidArgumentError } from 'commander'
import { type Config, need } from '../platform/config.ts'
import {
  createEncoder,
  FRAMINGS,
  type Framing,
  type MessageEncoder,
} from '../platform/message-encoder.ts'
import { createRegistry } from '../platform/registry.ts'

/** Parses a framing given on the command line. */
export function framingOption(value: string): Framing {
  const framing = FRAMINGS.find((each) => each === value)
  if (framing === undefined)
    throw new InvalidArgumentError(`'${value}' is not plain, json or avro.`)
  return framing
}

/** Makes the encoder of a framing for the topic; plain messages need none, and no registry. */
export async function openEncoder(
  framing: Framing,
  config: Config,
): Promise<MessageEncoder | undefined> {
  if (framing === 'plain') return undefined
  const registry = createRegistry(need(config, 'schemaRegistryUrl'))
  return await createEncoder(framing, { registry, topic: config.topic })
}
