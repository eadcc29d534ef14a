/** Long lists of words that single fields take. */

const stylesOf = (group: string, names: string): string[] => [
  group,
  ...names
    .trim()
    .split(/\s+/)
    .map((name) => `${group}/${name}`),
];

/** `style` of Recraft V3: a group, or one style of a group. */
export const recraftStyles: readonly string[] = [
  "any",
  ...stylesOf(
    "realistic_image",
    `b_and_w hard_flash hdr natural_light studio_portrait enterprise motion_blur evening_light faded_nostalgia
     forest_life mystic_naturalism natural_tones organic_calm real_life_glow retro_realism retro_snapshot
     urban_drama village_realism warm_folk`,
  ),
  ...stylesOf(
    "digital_illustration",
    `pixel_art hand_drawn grain infantile_sketch 2d_art_poster handmade_3d hand_drawn_outline engraving_color
     2d_art_poster_2 antiquarian bold_fantasy child_book child_books cover crosshatch digital_engraving
     expressionism freehand_details grain_20 graphic_intensity hard_comics long_shadow modern_folk multicolor
     neon_calm noir nostalgic_pastel outline_details pastel_gradient pastel_sketch pop_art pop_renaissance
     street_art tablet_sketch urban_glow urban_sketching vanilla_dreams young_adult_book young_adult_book_2`,
  ),
  ...stylesOf(
    "vector_illustration",
    `bold_stroke chemistry colored_stencil contour_pop_art cosmics cutout depressive editorial emotional_flat
     infographical marker_outline mosaic naivector roundish_flat segmented_colors sharp_contrast thin vector_photo
     vivid_shapes engraving line_art line_circuit linocut`,
  ),
];

/** `scheduler` of the models on Stable Diffusion. */
export const sdSchedulers: readonly string[] = [
  "DPM++ 2M",
  "DPM++ 2M Karras",
  "DPM++ 2M SDE",
  "DPM++ 2M SDE Karras",
  "Euler",
  "Euler A",
  "Euler (trailing timesteps)",
  "LCM",
  "LCM (trailing timesteps)",
  "DDIM",
  "TCD",
];

/** `language` of Whisper. */
export const languages: readonly string[] = `
  af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is
  it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl
  sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh`
  .trim()
  .split(/\s+/);

/** `voice` of Kokoro's American English. */
export const kokoroVoices: readonly string[] = `
  af_heart af_alloy af_aoede af_bella af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam am_echo
  am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa`
  .trim()
  .split(/\s+/);

/** `language_boost` of MiniMax's voices. */
export const minimaxLanguages: readonly string[] = `
  Chinese Chinese,Yue English Arabic Russian Spanish French Portuguese German Turkish Dutch Ukrainian Vietnamese
  Indonesian Japanese Italian Korean Thai Polish Romanian Greek Czech Finnish Hindi Bulgarian Danish Hebrew Malay
  Slovak Swedish Croatian Hungarian Norwegian Slovenian Catalan Nynorsk Afrikaans auto`
  .trim()
  .split(/\s+/);
