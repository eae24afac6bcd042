// Original file: proto/streamhouse/v1/producer.proto

/**
 * When an acknowledgement is given.
 */
export const Durability = {
  /**
   * The topic's own.
   */
  DURABILITY_UNSPECIFIED: 0,
  /**
   * After the object is stored and published: survives the loss of any agent, node or volume.
   */
  DURABILITY_OBJECT: 1,
  /**
   * After the agent has it in memory: a crash may lose it.
   */
  DURABILITY_MEMORY: 2,
} as const;

/**
 * When an acknowledgement is given.
 */
export type Durability =
  /**
   * The topic's own.
   */
  | 'DURABILITY_UNSPECIFIED'
  | 0
  /**
   * After the object is stored and published: survives the loss of any agent, node or volume.
   */
  | 'DURABILITY_OBJECT'
  | 1
  /**
   * After the agent has it in memory: a crash may lose it.
   */
  | 'DURABILITY_MEMORY'
  | 2

/**
 * When an acknowledgement is given.
 */
export type Durability__Output = typeof Durability[keyof typeof Durability]
