/**
 * Marks a string as a text to translate, where nothing else shows that it is one: a single word in lower
 * case, say.
 */
export const uiText = (source: string): string => source;
