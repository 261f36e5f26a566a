/// Whether it is written as ISO 3166-1 alpha-2 has it, such as `DE`.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}
