export async function startMock(): Promise<void> {}
