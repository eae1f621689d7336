using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Producer;

internal static class Producing
{
    public static async Task<object> Properties(Hub hub)
    {
        await using var producer = new EventHubProducerClient(hub.ConnectionString, hub.Name);
        var properties = await producer.GetEventHubPropertiesAsync();
        var partition = await producer.GetPartitionPropertiesAsync("1");
        return new
        {
            properties.Name,
            properties.PartitionIds,
            partition.Id,
            partition.IsEmpty,
            partition.BeginningSequenceNumber,
            partition.LastEnqueuedSequenceNumber,
            partition.LastEnqueuedOffsetString,
            Created = properties.CreatedOn > DateTimeOffset.UtcNow.AddMinutes(-5),
        };
    }

    /// <summary>Sends single events and batches: in turn, by key, to a partition.</summary>
    public static async Task<object> Send(Hub hub)
    {
        await using var producer = new EventHubProducerClient(hub.ConnectionString, hub.Name);
        await producer.SendAsync([Event("single")], new SendEventOptions { PartitionId = "0" });
        await producer.SendAsync([Event("keyed a"), Event("keyed b")], new SendEventOptions { PartitionKey = "key" });
        using var batch = await producer.CreateBatchAsync(new CreateBatchOptions { PartitionId = "1" });
        for (var index = 0; index < 100; index++)
            if (!batch.TryAdd(Event($"batch {index}"))) throw new InvalidOperationException("The batch is full.");
        await producer.SendAsync(batch);
        return new { batch.Count, batch.MaximumSizeInBytes };
    }

    public static async Task<object> TooLarge(Hub hub)
    {
        await using var producer = new EventHubProducerClient(hub.ConnectionString, hub.Name);
        using var batch = await producer.CreateBatchAsync();
        var fits = batch.TryAdd(new EventData(new byte[2_000_000]));
        return new { fits, error = await Failure.Of(() => producer.SendAsync([new EventData(new byte[2_000_000])])) };
    }

    /// <summary>Queues events one at a time; the client sends them in batches of its own.</summary>
    public static async Task<object> Buffered(Hub hub)
    {
        var (succeeded, failed) = (0, 0);
        // Two at a time would authorize both partitions at once. Microsoft.Azure.Amqp 2.7.3 sometimes gives both
        // requests the same delivery tag: one fails with "An item with the same key has already been added", or hangs.
        var options = new EventHubBufferedProducerClientOptions { MaximumConcurrentSends = 1 };
        await using var producer = new EventHubBufferedProducerClient(hub.ConnectionString, hub.Name, options);
        producer.SendEventBatchSucceededAsync += sent =>
        {
            Interlocked.Add(ref succeeded, sent.EventBatch.Count);
            return Task.CompletedTask;
        };
        producer.SendEventBatchFailedAsync += unsent =>
        {
            Interlocked.Add(ref failed, unsent.EventBatch.Count);
            return Task.CompletedTask;
        };
        for (var index = 0; index < hub.Count; index++) await producer.EnqueueEventAsync(Event($"buffered {index}"));
        await producer.FlushAsync();
        return new { succeeded, failed, producer.TotalBufferedEventCount };
    }

    private static EventData Event(string body) => new(body);
}

internal static class Failure
{
    /// <summary>What a call failed with, in the client's terms; null where it succeeded.</summary>
    public static async Task<string?> Of(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (EventHubsException error)
        {
            return error.Reason.ToString();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or OperationCanceledException)
        {
            return error.GetType().Name;
        }
    }
}
