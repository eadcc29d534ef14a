/** How the calls so far have ended. @type {string[]} */
export const told = [];
