/** Within an admin's module: the types that it shows. */
export const ADMINISTERED_TYPES = Symbol('ADMINISTERED_TYPES');

/** Within an admin's module: the option `path`. */
export const ADMIN_PATH = Symbol('ADMIN_PATH');
