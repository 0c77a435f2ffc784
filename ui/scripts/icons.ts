import type { Plugin } from "vite";

/** Where the package of icons has a component for each of them. */
const COMPONENT = /\/@lucide\/svelte\/dist\/icons\/([\w-]+)\.svelte$/;

/** The data of an icon in its component. */
const DATA = /const iconData = (\{.*\});/;

type IconNode = [tag: string, attributes: Record<string, string>];

/**
 * Makes a template of each icon. The components of the package build an icon from data, element by element and
 * attribute by attribute: in a list of rows this took as long as all else.
 */
export function iconTemplates(): Plugin {
  return {
    name: "icon-templates",
    enforce: "pre",
    transform(code, id) {
      const name = COMPONENT.exec(id)?.[1];
      return name && { code: template(name, code), map: null };
    },
  };
}

/** The component of an icon, with its elements in the markup. It has the properties that the pages use. */
export function template(name: string, code: string): string {
  const data = DATA.exec(code)?.[1];
  if (!data)
    throw new Error(
      `the icon ${name} has no data: @lucide/svelte has changed, adapt scripts/icons.ts`,
    );
  const { node } = JSON.parse(data) as { node: IconNode[] };
  const elements = node.map(([tag, attributes]) => {
    const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
    return `<${tag}${written.join("")} />`;
  });
  return `<script lang="ts">
  interface Props { size?: number; strokeWidth?: number; class?: string; "aria-hidden"?: "true" }
  let { size = 24, strokeWidth = 2, class: name }: Props = $props();
</script>

<svg class={["lucide-icon", name]} width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
  stroke-width={strokeWidth} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${elements.join("")}</svg>
`;
}
