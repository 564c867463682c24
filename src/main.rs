fn main() -> std::process::ExitCode {
    turnkey::cli::main()
}
