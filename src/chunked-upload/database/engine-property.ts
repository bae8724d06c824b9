/**
 * A property of the engine's own, that is there and is not shown: not in JSON, not by
 * class-transformer, not in a copy by spreading. Whoever asks for it by its name gets it.
 *
 * Its first assignment, which may be TypeORM's or anybody's, makes it a property of the instance that
 * is not enumerable; so it is the same in every subclass, and whatever an instance came from.
 */
export function EngineProperty(): PropertyDecorator {
  return (prototype, name) => {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get: () => undefined,
      set(this: object, value: unknown) {
        const hidden = { value, writable: true, configurable: true, enumerable: false };
        Object.defineProperty(this, name, hidden);
      },
    });
  };
}
